#include "ui/layers.h"

#include "base/mem.h"
#include "ui/draw.h"
#include "view/rejects.h"

#include <string.h>

#define AROUND	  9 /* lines of a short window that the list does not have */
#define RAW_MAX	  3 /* rows of a raw line */
#define RULES_MAX 3 /* lines of rules */
#define LIST_MIN  4 /* lines of the list, before rules have any */

/* transform speaks of orders, where layers count their lines. */
static bool
rejects_is_of(const char *entity, const char *rejected)
{
	return !strcmp(entity, rejected) ||
	       (!strcmp(entity, "order_lines") && !strncmp(rejected, "order", 5)) ||
	       (!strcmp(entity, "order_lines") && !strcmp(rejected, "sales"));
}

int
rejects_count(const struct ui *ui, const struct layers_state *s)
{
	const struct rejects *r = ui_view(ui, FEED_REJECTS);
	const char *entity = layers_entity(ui, s);
	int n = 0;

	for (size_t i = 0; r && entity && i < r->rows->n; i++)
		n += rejects_is_of(entity, rows_get(r->rows, i, "entity"));
	return n;
}

static size_t
rejects_nth(const struct ui *ui, const struct layers_state *s, int nth)
{
	const struct rejects *r = ui_view(ui, FEED_REJECTS);
	const char *entity = layers_entity(ui, s);
	size_t i = 0;

	for (; i < r->rows->n; i++) {
		if (rejects_is_of(entity, rows_get(r->rows, i, "entity")) && !nth--)
			break;
	}
	return i;
}

/* The rules that its rows broke; *rows of them all. */
static int
rejects_rules(const struct ui *ui, const struct layers_state *s, long long *rows)
{
	const struct rejects *r = ui_view(ui, FEED_REJECTS);
	const char *entity = layers_entity(ui, s);
	int n = 0;

	*rows = 0;
	for (size_t i = 0; r && entity && i < r->rules->n; i++) {
		if (!rejects_is_of(entity, rows_get(r->rules, i, "entity")))
			continue;
		*rows += rows_int(r->rules, i, "rows");
		n++;
	}
	return n;
}

static int
rejects_lines(int height)
{
	return height - AROUND - (layers_short(height) ? 0 : LAYERS_TABLE);
}

/* Lines of them that tell of rules, with the head of the list. */
static int
rejects_above(const struct ui *ui, const struct layers_state *s, int height)
{
	long long rows;
	int n = rejects_rules(ui, s, &rows);

	n = (n < RULES_MAX ? n : RULES_MAX) + 1;
	return rejects_lines(height) - n < LIST_MIN ? 0 : n;
}

int
rejects_room(const struct ui *ui, const struct layers_state *s, int height)
{
	int room = rejects_lines(height) - rejects_above(ui, s, height);

	return room > 1 ? room : 1;
}

char *
rejects_raw(void *mem, const struct ui *ui, const struct layers_state *s)
{
	const struct rejects *r = ui_view(ui, FEED_REJECTS);

	if (!r || !rejects_count(ui, s))
		return NULL;
	const char *raw = rows_get(r->rows, rejects_nth(ui, s, s->reject), "raw");
	return mem_strdup(mem, raw ? raw : "");
}

static void
rejects_detail(const struct ui *ui, WINDOW *win, int y, const struct layers_state *s,
	       const struct rows *r)
{
	AUTO_MEM void *tmp = mem_root();
	const char *object = rows_get(r, rejects_nth(ui, s, s->reject), "object");
	int width = getmaxx(win) - 2;

	draw_format(win, y, 1, width, C_DIM, "object %s", object ? object : "-");
	draw_text(win, y + 1, 1, 7, C_DIM, "raw");
	draw_wrapped(win, y + 1, 8, RAW_MAX, width - 7, C_TEXT, rejects_raw(tmp, ui, s));
}

/* How many rows broke each rule; of more rules than have a line, the last line tells. */
static int
rejects_head(const struct ui *ui, WINDOW *win, int y, const struct layers_state *s,
	     const struct rejects *r)
{
	const char *entity = layers_entity(ui, s);
	int width = getmaxx(win) - 2, from = y, listed = rejects_count(ui, s);
	int lines = rejects_above(ui, s, getmaxy(win));
	long long rows;
	int n = rejects_rules(ui, s, &rows);

	int x = 1 + draw_format(win, y, 1, width, C_DIM, "run %lld, %lld row%s", r->run, rows,
				rows == 1 ? "" : "s");
	if (rows > listed)
		x += draw_format(win, y, x, width - x, C_DIM, ", %d of them listed", listed);
	draw_text(win, y++, x, width - x, C_DIM, lines ? ", by rule:" : "   key / rule");
	if (!lines)
		return 1;
	for (size_t i = 0; y - from < lines && i < r->rules->n; i++) {
		if (!rejects_is_of(entity, rows_get(r->rules, i, "entity")))
			continue;
		draw_right(win, y, 1, 8, C_TEXT, rows_get(r->rules, i, "rows"));
		draw_text(win, y++, 11, width - 10, C_WARN, rows_get(r->rules, i, "rule"));
	}
	if (n > RULES_MAX)
		draw_format(win, y - 1, 1, width, C_DIM, "%*s and %d rules more", 8, "..",
			    n - RULES_MAX + 1);
	draw_text(win, y, 1, 18, C_DIM, "key");
	draw_text(win, y, 20, width - 20, C_DIM, "rule");
	return lines + 1;
}

void
rejects_draw(const struct ui *ui, WINDOW *win, int y, const struct layers_state *s)
{
	const struct rejects *r = ui_view(ui, FEED_REJECTS);
	const char *entity = layers_entity(ui, s);
	int width = getmaxx(win), n = rejects_count(ui, s);

	draw_hline(win, y, 0, width);
	draw_format(win, y++, 2, width - 4, C_STRONG, " %s: rows left out ", entity ? entity : "");
	draw_beyond(win, y - 1, s->reject_top, n, rejects_room(ui, s, getmaxy(win)));
	if (!r || !n) {
		draw_text(win, y, 1, width - 2, C_DIM,
			  r ? "the last run left out none of them" : ui_absent(ui, FEED_REJECTS));
		return;
	}
	y += rejects_head(ui, win, y, s, r);
	for (int i = 0; i < rejects_room(ui, s, getmaxy(win)) && i + s->reject_top < n; i++) {
		size_t row = rejects_nth(ui, s, i + s->reject_top);
		bool here = i + s->reject_top == s->reject;

		draw_text(win, y, 0, 1, C_TEXT, here ? glyph(G_CURSOR) : " ");
		draw_text(win, y, 1, 18, C_TEXT, rows_get(r->rows, row, "key"));
		draw_text(win, y, 20, width - 21, C_WARN, rows_get(r->rows, row, "rule"));
		if (here)
			draw_tint(win, y, 0, width, C_SELECTED);
		y++;
	}
	rejects_detail(ui, win, getmaxy(win) - 1 - RAW_MAX, s, r->rows);
}
