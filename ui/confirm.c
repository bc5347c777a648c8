#include "base/mem.h"
#include "ui/console.h"
#include "ui/draw.h"

#include <string.h>

#define CONFIRM_WIDTH 78

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

void
confirm_press(struct console *c, int code)
{
	char *typed = c->confirm.typed;
	size_t n = strlen(typed);

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

static const char *
confirm_words(void *mem, const struct confirm *f)
{
	return f->n_offers > 1 ? mem_printf(mem, "%s or %s", f->offers[0].word, f->offers[1].word)
			       : f->offers[0].word;
}

void
confirm_draw(const struct console *c, WINDOW *win)
{
	AUTO_MEM void *tmp = mem_root();
	const struct confirm *f = &c->confirm;
	int width = getmaxx(win) < CONFIRM_WIDTH ? getmaxx(win) : CONFIRM_WIDTH;
	int height = getmaxy(win) < 14 ? getmaxy(win) : 14;
	int y = getmaxy(win) - height, x = (getmaxx(win) - width) / 2;

	for (int i = 0; i < height; i++)
		draw_format(win, y + i, x, width, C_TEXT, "%*s", width, "");
	draw_box(win, y, x, height, width, f->title);
	int room = height - 4 > 0 ? height - 4 : 0;
	int used = confirm_lines(win, y + 1, x + 2, room, width - 4, f->text);
	if (f->dry)
		confirm_lines(win, y + 1 + used, x + 2, room - used, width - 4,
			      c->asking ? "asking what it would read ..." : c->text);
	int line = y + height - 2;
	draw_format(win, line - 1, x + 2, width - 4, C_DIM, "$ %s%s",
		    command_text(tmp, &f->offers[0].line[0]), f->offers[0].n > 1 ? "; ..." : "");
	draw_format(win, line, x + 2, width - 4, C_STRONG,
		    "type %s to send: %s_   Esc cancels; Enter alone does nothing",
		    confirm_words(tmp, f), f->typed);
}
