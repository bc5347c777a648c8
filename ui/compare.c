#include "base/mem.h"
#include "ui/draw.h"
#include "ui/runs.h"
#include "view/runs.h"

#include <stdio.h>
#include <string.h>

static long long
runs_step_of(const struct rows *r, const char *name, const char *column)
{
	for (size_t i = r->n; i-- > 0;) { /* the last attempt comes last */
		if (!strcmp(rows_cell(r, i, 0), name))
			return rows_int(r, i, column);
	}
	return -1;
}

static int
runs_pair(WINDOW *win, int y, const char *name, const char *a, const char *b)
{
	bool differs = strcmp(a ? a : "", b ? b : "") != 0;

	draw_text(win, y, 1, 26, C_TEXT, name);
	draw_right(win, y, 28, 22, differs ? C_STRONG : C_DIM, a ? a : "-");
	draw_right(win, y, 52, 22, differs ? C_STRONG : C_DIM, b ? b : "-");
	return y + 1;
}

static int
runs_heads(WINDOW *win, int y, const struct rows *a, const struct rows *b, bool differ)
{
	static const char *const names[] = { "mode", "state",	   "rows",   "changed",
					     "k",    "error_code", "engine", "program" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *x = rows_get(a, 0, names[i]), *z = rows_get(b, 0, names[i]);

		if ((strcmp(x ? x : "", z ? z : "") != 0) == differ)
			y = runs_pair(win, y, names[i], x, z);
	}
	return y;
}

static int
runs_steps(WINDOW *win, int y, const struct rows *a, const struct rows *b)
{
	AUTO_MEM void *tmp = mem_root();

	for (size_t i = 0; i < a->n; i++) {
		const char *name = rows_cell(a, i, 0);
		long long x = runs_step_of(a, name, "duration_ms");
		long long z = runs_step_of(b, name, "duration_ms");
		int row = runs_pair(win, y, name, runs_duration(tmp, x), runs_duration(tmp, z));

		if (z > 0)
			draw_right(win, y, 76, 8, C_DIM, runs_against(tmp, x, z));
		y = row;
	}
	return y;
}

void
runs_compared(const struct ui *ui, WINDOW *win, int y, const struct runs_state *s)
{
	const struct run_view *a = ui_view(ui, FEED_RUN), *b = ui_view(ui, FEED_OTHER);
	char title[80];

	snprintf(title, sizeof(title), "A %lld against B %lld: what differs comes first", s->a,
		 s->b);
	draw_hline(win, y, 0, getmaxx(win));
	draw_format(win, y++, 2, getmaxx(win) - 4, C_STRONG, " %s ", title);
	if (!a || !b || rows_int(a->run, 0, "run") != s->a || rows_int(b->run, 0, "run") != s->b) {
		draw_text(win, y, 1, getmaxx(win) - 2, C_DIM, "asking ...");
		return;
	}
	y = runs_heads(win, y, a->run, b->run, true);
	y = runs_steps(win, y, a->tasks, b->tasks);
	y = runs_heads(win, y, a->run, b->run, false);
	runs_steps(win, y, a->steps, b->steps);
}
