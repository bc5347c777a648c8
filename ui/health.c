#include "view/health.h"

#include "base/mem.h"
#include "ui/draw.h"
#include "ui/screen.h"

#include <stdio.h>
#include <string.h>

struct health_state {
	int cursor, top;
	char check[64]; /* of the cursor: others come and go above it */
	bool detail;
};

/* Lines for the check of the cursor, below the list. */
static int
health_lines(const struct health_state *s)
{
	return s->detail ? 6 : 2;
}

static int
health_room(int height, const struct health_state *s)
{
	return height - 4 - health_lines(s);
}

static const struct rows *
health_checks(const struct ui *ui)
{
	const struct health *h = ui_view(ui, FEED_HEALTH);

	return h ? h->checks : NULL;
}

static void *
health_init(void *mem)
{
	return mem_new(mem, struct health_state);
}

static void
health_want(const struct ui *ui, const void *state, struct feed_want *want)
{
	(void)ui, (void)state;
	want->kinds |= 1U << FEED_HEALTH;
}

static void
health_update(struct ui *ui, void *state)
{
	const struct rows *r = health_checks(ui);
	struct health_state *s = state;

	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++) {
		if (!strcmp(rows_get(r, i, "check"), s->check))
			s->cursor = (int)i;
	}
	ui_move(&s->cursor, (int)r->n, 1, s->cursor < (int)r->n ? 0 : 'G');
	if (r->n)
		snprintf(s->check, sizeof(s->check), "%s", rows_get(r, (size_t)s->cursor, "check"));
	s->top = draw_top(s->cursor, s->top, (int)r->n, health_room(ui_height(ui), s));
}

static void
health_go(struct health_state *s, const struct rows *r, size_t at)
{
	s->cursor = (int)at;
	snprintf(s->check, sizeof(s->check), "%s", rows_get(r, at, "check"));
}

static size_t
health_count(const struct rows *r, const char *state)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += !strcmp(rows_get(r, i, "state"), state);
	return n;
}

static void
health_summary(const struct ui *ui, WINDOW *win, const struct rows *r)
{
	AUTO_MEM void *tmp = mem_root();
	size_t fail = health_count(r, "fail"), warn = health_count(r, "warn");
	size_t unknown = health_count(r, "unknown");
	const struct feed_item *item = ui->feed[FEED_HEALTH];

	draw_format(win, 0, 1, getmaxx(win) - 2,
		    fail	      ? C_FAILED
		    : warn || unknown ? C_WARN
				      : C_OK,
		    "worst %s   %zu ok  %zu warn  %zu fail  %zu unknown   asked %s, took %lld ms",
		    fail      ? "FAIL"
		    : warn    ? "WARN"
		    : unknown ? "unknown"
			      : "ok",
		    health_count(r, "ok"), warn, fail, unknown, ui_ago(tmp, ui, item->at_us),
		    (item->at_us - item->asked_us) / 1000);
}

/* Where the columns begin. */
static int
health_value_x(int width)
{
	return width > 100 ? 34 : 28;
}

static int
health_limit_x(int width)
{
	return width > 100 ? 78 : 58;
}

static void
health_line(WINDOW *win, int y, const struct rows *r, size_t i, bool here)
{
	int width = getmaxx(win), value = health_value_x(width), limit = health_limit_x(width);

	draw_text(win, y, 0, 1, C_TEXT, here ? glyph(G_CURSOR) : " ");
	draw_state(win, y, 1, rows_get(r, i, "state"));
	draw_text(win, y, 4, value - 5, C_TEXT, rows_get(r, i, "check"));
	draw_text(win, y, value, limit - value - 1, state_colour(rows_get(r, i, "state")),
		  rows_get(r, i, "value"));
	draw_text(win, y, limit, width - limit - 8, C_DIM, rows_get(r, i, "limit"));
	draw_right(win, y, width - 8, 7, C_TEXT, rows_get(r, i, "state"));
	if (here)
		draw_tint(win, y, 0, width, C_SELECTED);
}

/* What it says in full, and how to mend it. */
static void
health_detail(WINDOW *win, int y, const struct health_state *s, const struct rows *r)
{
	size_t at = (size_t)s->cursor;
	const char *hint = rows_get(r, at, "hint");
	int width = getmaxx(win) - 2, lines = health_lines(s);

	draw_hline(win, y++, 0, getmaxx(win));
	int used = draw_wrapped(win, y, 1, lines / 2, width, state_colour(rows_get(r, at, "state")),
				rows_get(r, at, "value"));
	draw_wrapped(win, y + used, 1, lines - used, width, C_TEXT,
		     hint ? hint : "nothing to mend here");
}

static void
health_draw(const struct ui *ui, WINDOW *win, const void *state)
{
	const struct rows *r = health_checks(ui);
	const struct health_state *s = state;
	int height = getmaxy(win), width = getmaxx(win);

	if (!r || !r->n) {
		const struct feed_item *item = ui->feed[FEED_HEALTH];

		draw_text(win, 0, 1, width - 2, C_DIM,
			  item && item->error ? item->error : "looking at every part ...");
		return;
	}
	health_summary(ui, win, r);
	draw_text(win, 1, 4, 5, C_STRONG, "check");
	draw_text(win, 1, health_value_x(width), 5, C_STRONG, "value");
	draw_text(win, 1, health_limit_x(width), 5, C_STRONG, "limit");
	draw_hline(win, 2, 0, width);
	draw_beyond(win, 2, s->top, (int)r->n, health_room(height, s));
	for (int i = 0; i < health_room(height, s) && i + s->top < (int)r->n; i++)
		health_line(win, 3 + i, r, (size_t)(i + s->top), i + s->top == s->cursor);
	health_detail(win, height - health_lines(s) - 1, s, r);
}

static void
health_move(struct ui *ui, void *state, int code)
{
	const struct rows *r = health_checks(ui);
	struct health_state *s = state;

	if (!r || !r->n)
		return;
	ui_move(&s->cursor, (int)r->n, health_room(ui_height(ui), s), code);
	health_go(s, r, (size_t)s->cursor);
}

static void
health_toggle(struct ui *ui, void *state, int code)
{
	struct health_state *s = state;

	(void)ui, (void)code;
	s->detail = !s->detail;
}

/* n: the next that is not ok, from the top again after the last. */
static void
health_next(struct ui *ui, void *state, int code)
{
	const struct rows *r = health_checks(ui);
	struct health_state *s = state;
	size_t n = r ? r->n : 0;

	(void)code;
	for (size_t i = 1; i <= n; i++) {
		size_t at = ((size_t)s->cursor + i) % n;

		if (strcmp(rows_get(r, at, "state"), "ok") != 0) {
			health_go(s, r, at);
			return;
		}
	}
	ui_say(ui, "all checks are ok");
}

static char *
health_path(void *mem, const struct ui *ui, const void *state)
{
	const struct rows *r = health_checks(ui);
	const struct health_state *s = state;

	return mem_printf(mem, "health%s%s", r && r->n ? " > " : "",
			  r && r->n ? rows_get(r, (size_t)s->cursor, "check") : "");
}

static char *
health_command(void *mem, const struct ui *ui, const void *state)
{
	(void)ui, (void)state;
	return mem_strdup(mem, "bikeops doctor");
}

static char *
health_cell(void *mem, const struct ui *ui, const void *state)
{
	const struct rows *r = health_checks(ui);
	const struct health_state *s = state;
	size_t at = (size_t)s->cursor;
	const char *value = r && r->n ? rows_get(r, at, "value") : NULL;

	return r && r->n ? mem_printf(mem, "%s %s %s", rows_get(r, at, "check"), value ? value : "",
				      rows_get(r, at, "state"))
			 : NULL;
}

static const struct key health_keys[] = {
	{ .codes = { '\r', '\n', KEY_ENTER },
	  .name = "Enter",
	  .brief = "detail",
	  .help = "more room for what it says and how to mend it, or less",
	  .act = health_toggle },
	{ .codes = { 'n' },
	  .name = "n",
	  .actions = "next-bad",
	  .brief = "next bad",
	  .help = "next check that is not ok",
	  .act = health_next },
	KEY_ROW_MOVE(health_move),
	{ .name = NULL },
};

const struct screen screen_health = {
	.key = '6',
	.name = "Health",
	.init = health_init,
	.want = health_want,
	.update = health_update,
	.draw = health_draw,
	.path = health_path,
	.command = health_command,
	.cell = health_cell,
	.keys = health_keys,
};
