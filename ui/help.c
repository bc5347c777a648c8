#include "base/mem.h"
#include "ui/console.h"
#include "ui/draw.h"

#include <string.h>

#define NAME_WIDTH   14
#define LEGEND_WIDTH 38 /* of one state in two columns */

static int
help_rows(const struct console *c, WINDOW *win, int y, const struct key *rows)
{
	AUTO_MEM void *tmp = mem_root();

	for (const struct key *row = rows; row && row->name; row++) {
		if (!keys_valid(c, row))
			continue;
		bool dead = (row->flags & KEY_WRITES) && c->ui.locked;

		draw_text(win, y, 1, NAME_WIDTH - 1, C_KEY, bind_name(tmp, c, row));
		y += draw_wrapped(win, y, 1 + NAME_WIDTH, 3, getmaxx(win) - NAME_WIDTH - 2,
				  dead ? C_DIM : C_TEXT,
				  mem_printf(tmp, "%s%s", row->help, dead ? " (locked)" : ""));
	}
	return y;
}

static int
help_states(WINDOW *win, int y)
{
	static const char *const legend[][2] = {
		{ "ok", "done" },
		{ "running", "at work" },
		{ "queued", "waits" },
		{ "failed", "failed, or its worker is gone" },
		{ "retry", "tries again" },
		{ "upstream", "one before it failed" },
		{ "skipped", "was not due" },
		{ "cancelled", "was cancelled" },
	};

	for (size_t i = 0; i < sizeof(legend) / sizeof(*legend); i++) {
		int x = 1 + (int)(i % 2) * LEGEND_WIDTH;

		draw_state(win, y, x, legend[i][0]);
		draw_text(win, y, x + 3, LEGEND_WIDTH - 4, C_TEXT, legend[i][1]);
		y += (int)(i % 2);
	}
	return y;
}

/* Gives the row below. */
static int
help_keys(const struct console *c, WINDOW *win, int y)
{
	y = help_states(win, y) + 1;
	draw_format(win, y++, 1, getmaxx(win) - 2, C_STRONG, "keys of %s", console_screen(c)->name);
	y = help_rows(c, win, y, console_screen(c)->keys) + 1;
	draw_text(win, y++, 1, getmaxx(win) - 2, C_STRONG, "on every screen");
	return help_rows(c, win, y, keys_everywhere);
}

static void
help_more(const struct console *c, WINDOW *win, int y)
{
	AUTO_MEM void *tmp = mem_root();
	int bottom = getmaxy(win) - 1;

	if (y > bottom + 1)
		draw_right(win, bottom, getmaxx(win) - 30, 29, C_STRONG,
			   mem_printf(tmp, "  %d more line%s: %.5s", y - bottom - 1,
				      y - bottom == 2 ? "" : "s", ui_key(&c->ui, "page-down")));
}

/* A command's answer, as it would be on a terminal. */
static void
help_text(const struct console *c, WINDOW *win)
{
	AUTO_MEM void *tmp = mem_root();
	const char *line = c->text ? c->text : "";
	int y = 1 - c->scroll;

	draw_text(win, y++, 1, getmaxx(win) - 2, C_STRONG, c->text_title);
	while (*line && y < getmaxy(win)) {
		size_t n = strcspn(line, "\n");

		draw_text(win, y++, 1, getmaxx(win) - 1, C_TEXT, mem_strndup(tmp, line, n));
		line += n + (line[n] == '\n');
	}
}

int
help_lines(const struct console *c)
{
	int n = 2, outside = getmaxy(c->body);

	if (c->mode == MODE_HELP)
		return help_keys(c, c->body, outside) - outside;
	for (const char *line = c->text ? c->text : ""; *line; line += *line == '\n') {
		line += strcspn(line, "\n");
		n++;
	}
	return n;
}

void
help_draw(const struct console *c, WINDOW *win)
{
	if (c->mode == MODE_HELP)
		help_more(c, win, help_keys(c, win, -c->scroll));
	else
		help_text(c, win);
}

static void
help_add(struct rows *r, const char *screen, const struct key *rows)
{
	for (const struct key *row = rows; row && row->name; row++) {
		const char *cells[] = { screen, row->name, row->help, row->actions };

		rows_add(r, cells);
	}
}

struct rows *
console_key_rows(void *mem)
{
	struct rows *r = rows_new(mem, 4);

	rows_column(r, 0, "screen", ROWS_TEXT);
	rows_column(r, 1, "key", ROWS_TEXT);
	rows_column(r, 2, "what", ROWS_TEXT);
	rows_column(r, 3, "action", ROWS_TEXT);
	help_add(r, "every screen", keys_everywhere);
	for (size_t i = 0; screens[i]; i++)
		help_add(r, screens[i]->name, screens[i]->keys);
	return r;
}
