#include "base/mem.h"
#include "ui/console.h"
#include "ui/draw.h"

#include <string.h>

#define CONFIRM_WIDTH  78
#define CONFIRM_HEIGHT 14
#define LEFT_STEP      10

void
confirm_close(struct console *c)
{
	mem_free(c->confirm.mem);
	c->confirm = (struct confirm){ 0 };
	c->mode = MODE_SCREEN;
}

/* Only the whole word sends; Enter never does. */
static void
confirm_typed(struct console *c)
{
	for (size_t i = 0; i < c->confirm.n_offers; i++) {
		if (strcmp(c->confirm.typed, c->confirm.offers[i].word) != 0)
			continue;
		action_send(c, &c->confirm.offers[i]);
		confirm_close(c);
		return;
	}
}

static bool
confirm_begins(const struct confirm *f, const char *typed)
{
	for (size_t i = 0; i < f->n_offers; i++) {
		if (!strncmp(f->offers[i].word, typed, strlen(typed)))
			return true;
	}
	return false;
}

static int
confirm_count(const char *text)
{
	int n = 0;

	for (; text && *text; text += strcspn(text, "\n"), text += *text == '\n')
		n += *text != '\n';
	return n;
}

/* Arrows move the dry run, to its last line; letters are the word's. */
static bool
confirm_scroll(struct console *c, int code)
{
	struct confirm *f = &c->confirm;
	int last = confirm_count(c->text) - 1;
	int left = code == KEY_RIGHT ? LEFT_STEP : code == KEY_LEFT ? -LEFT_STEP : 0;
	int top = code == KEY_DOWN ? 1 : code == KEY_UP ? -1 : 0;

	f->left = f->left + left > 0 ? f->left + left : 0;
	f->top = f->top + top < last ? f->top + top : last;
	f->top = f->top > 0 ? f->top : 0;
	return left || top;
}

void
confirm_press(struct console *c, int code)
{
	char *typed = c->confirm.typed;
	size_t n = strlen(typed);

	if (!c->body && code != '\033') /* it is not seen */
		return;
	if (confirm_scroll(c, code))
		return;
	if (code == KEY_BACKSPACE || code == 0x7f || code == '\b') {
		typed[n ? n - 1 : 0] = '\0';
		return;
	}
	if (code == '\033') {
		confirm_close(c);
		return;
	}
	if (code <= ' ' || code > '~' || n + 2 > sizeof(c->confirm.typed))
		return;
	typed[n] = (char)code;
	typed[n + 1] = '\0';
	if (confirm_begins(&c->confirm, typed)) {
		confirm_typed(c);
		return;
	}
	typed[n] = '\0';
	if (code == 'q')
		confirm_close(c);
}

static int
confirm_lines(WINDOW *win, int y, int x, int height, int width, const char *text)
{
	AUTO_MEM void *tmp = mem_root();
	int row = 0;

	while (text && *text && row < height) {
		size_t n = strcspn(text, "\n");

		row += draw_wrapped(win, y + row, x, height - row, width, C_TEXT,
				    mem_strndup(tmp, text, n));
		text += n + (text[n] == '\n');
	}
	return row;
}

/* About the rows that wrapped lines take. */
static int
confirm_rows(const char *text, int width)
{
	int n = 0;

	for (; text && *text; text += *text == '\n') {
		size_t len = strcspn(text, "\n");

		n += 1 + (width > 0 ? (int)len / width : 0);
		text += len;
	}
	return n;
}

/* The tables of a dry run: no line is wrapped, those without a text are left out. */
static void
confirm_table(WINDOW *win, int y, int x, int height, int width, const struct confirm *f,
	      const char *text)
{
	AUTO_MEM void *tmp = mem_root();
	int row = f->top < confirm_count(text) ? -f->top : 1 - confirm_count(text);

	for (; text && *text && row < height; text += *text == '\n') {
		size_t n = strcspn(text, "\n");

		if (n && row++ >= 0)
			draw_from(win, y + row - 1, x, width, C_TEXT, mem_strndup(tmp, text, n),
				  f->left);
		text += n;
	}
}

static const char *
confirm_words(void *mem, const struct confirm *f)
{
	return f->n_offers > 1 ? mem_printf(mem, "%s or %s", f->offers[0].word, f->offers[1].word)
			       : f->offers[0].word;
}

/* What the word begun would send; of two, both. */
static const char *
confirm_command(void *mem, const struct confirm *f)
{
	const char *text = NULL;

	for (size_t i = 0; i < f->n_offers; i++) {
		const struct offer *o = &f->offers[i];
		const char *line = mem_printf(mem, "%s%s", command_text(mem, &o->line[0]),
					      o->n > 1 ? "; ..." : "");

		if (!strncmp(o->word, f->typed, strlen(f->typed)))
			text = text ? mem_printf(mem, "%s  or  %s", text, line) : line;
	}
	return text;
}

void
confirm_draw(const struct console *c, WINDOW *win)
{
	AUTO_MEM void *tmp = mem_root();
	const struct confirm *f = &c->confirm;
	int width = getmaxx(win) < CONFIRM_WIDTH ? getmaxx(win) : CONFIRM_WIDTH;
	const char *dry = !f->dry ? NULL : c->asking ? "asking what it would read ..." : c->text;
	int need = 4 + confirm_rows(f->text, width - 4) +
		   (c->refused ? confirm_rows(dry, width - 4) : confirm_count(dry));
	int height = need > CONFIRM_HEIGHT ? need : CONFIRM_HEIGHT;

	height = height < getmaxy(win) ? height : getmaxy(win);
	int y = getmaxy(win) - height, x = (getmaxx(win) - width) / 2;

	for (int i = 0; i < height; i++)
		draw_format(win, y + i, x, width, C_TEXT, "%*s", width, "");
	draw_box(win, y, x, height, width, f->title);
	int room = height - 4 > 0 ? height - 4 : 0;
	int used = confirm_lines(win, y + 1, x + 2, room, width - 4, f->text);
	if (c->refused && !c->asking)
		confirm_lines(win, y + 1 + used, x + 2, room - used, width - 4, dry);
	else
		confirm_table(win, y + 1 + used, x + 2, room - used, width - 4, f, dry);
	int line = y + height - 2, hidden = confirm_count(dry) - f->top - (room - used);
	if (!c->refused && !c->asking && hidden > 0)
		draw_format(win, line + 1, x + 2, width - 4, C_STRONG, " %d more line%s: Down ",
			    hidden, hidden == 1 ? "" : "s");
	draw_format(win, line - 1, x + 2, width - 4, C_DIM, "$ %s", confirm_command(tmp, f));
	draw_format(win, line, x + 2, width - 4, C_STRONG,
		    "type %s to send: %s_   Esc cancels; Enter alone does nothing",
		    confirm_words(tmp, f), f->typed);
}
