#include "ui/layers.h"

#include "base/mem.h"
#include "base/time.h"
#include "ui/draw.h"
#include "view/counts.h"
#include "view/status.h"

#include <string.h>

#define LAYERS_SHORT 24 /* rows of the window: below it the list takes the table's place */

static const char *const layers[] = { "source", "raw", "processed", "staging", "serving" };
#define N_LAYERS (sizeof(layers) / sizeof(*layers))

static void *
layers_init(void *mem)
{
	return mem_new(mem, struct layers_state);
}

static void
layers_want(const struct ui *ui, const void *state, struct feed_want *want)
{
	const struct layers_state *s = state;

	(void)ui;
	want->kinds |= 1U << FEED_COUNTS | 1U << FEED_BEHIND;
	if (!s->rejects)
		return;
	want->kinds |= 1U << FEED_REJECTS;
	want->run = 0;
}

/* The ledger's, until it was verified; a run since then makes that old. */
static bool
layers_verified(const struct ui *ui)
{
	const struct feed_item *item = ui->feed[FEED_VERIFIED];
	const struct status *st = ui_view(ui, FEED_STATUS);
	const char *ended = st && st->last && st->last->n ? rows_get(st->last, 0, "ended_at")
							  : NULL;

	return !*ui->at && item && item->view && item->asked_us / 1000000 >= ui_us(ended) / 1000000;
}

static const struct counts *
layers_counts(const struct ui *ui)
{
	return ui_view(ui, layers_verified(ui) ? FEED_VERIFIED : FEED_COUNTS);
}

const char *
layers_entity(const struct ui *ui, const struct layers_state *s)
{
	const struct counts *n = layers_counts(ui);

	return n && (size_t)s->cursor < n->counts->n
		       ? rows_get(n->counts, (size_t)s->cursor, "entity")
		       : NULL;
}

bool
layers_short(int height)
{
	return height < LAYERS_SHORT;
}

static bool
layers_broken(const struct rows *r, size_t row)
{
	const char *at = rows_get(r, row, "break");

	return at && strcmp(at, "ok") != 0;
}

/* Its row, else the first one. */
static int
layers_first_break(const struct rows *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (layers_broken(r, i))
			return (int)i;
	}
	return 0;
}

static void
layers_update(struct ui *ui, void *state)
{
	const struct counts *n = layers_counts(ui);
	const struct feed_item *verified = ui->feed[FEED_VERIFIED];
	struct layers_state *s = state;
	int rows = n ? (int)n->counts->n : 0;

	if (!s->moved && n)
		s->cursor = layers_first_break(n->counts);
	if (s->cursor >= rows)
		s->cursor = rows ? rows - 1 : 0;
	if (s->verifying && verified && verified->asked_us >= s->asked_us) {
		s->verifying = false;
		if (verified->error)
			ui_say(ui, "cannot verify: %s", verified->error);
	}
	int rejects = s->rejects ? rejects_count(ui, s) : 0;
	if (s->reject >= rejects)
		s->reject = rejects ? rejects - 1 : 0;
	s->reject_top =
		draw_top(s->reject, s->reject_top, rejects, rejects_room(ui, s, ui_height(ui)));
}

/* --- drawing --- */

static int
layers_column(int width, size_t i)
{
	int step = width >= 100 ? 14 : 10;

	return 14 + (int)i * step;
}

static int
layers_step(int width)
{
	return width >= 100 ? 13 : 9;
}

static void
layers_head(WINDOW *win, int y, const char *first)
{
	int width = getmaxx(win);

	draw_text(win, y, 1, 12, C_STRONG, first);
	for (size_t i = 0; i < N_LAYERS; i++)
		draw_right(win, y, layers_column(width, i), layers_step(width), C_STRONG,
			   layers[i]);
	draw_text(win, y, layers_column(width, N_LAYERS) + 2, width, C_STRONG, "first break");
}

/* < where it first breaks, ! where serving is wrong for it. */
static void
layers_line(WINDOW *win, int y, const struct rows *r, size_t row, bool here)
{
	const char *broken = rows_get(r, row, "break"), *note = rows_get(r, row, "note");
	bool bad = layers_broken(r, row);
	int width = getmaxx(win);

	draw_text(win, y, 0, 1, C_TEXT, here ? glyph(G_CURSOR) : " ");
	draw_text(win, y, 1, 12, C_TEXT, rows_get(r, row, "entity"));
	for (size_t i = 0; i < N_LAYERS; i++) {
		const char *cell = rows_get(r, row, layers[i]);
		bool breaks = bad && !strcmp(broken, layers[i]);
		int x = layers_column(width, i);

		draw_right(win, y, x, layers_step(width), breaks ? C_FAILED : C_TEXT,
			   cell ? cell : ".");
		if (breaks)
			draw_text(win, y, x + layers_step(width), 1, C_FAILED,
				  i + 1 == N_LAYERS ? "!" : "<");
	}
	int x = layers_column(width, N_LAYERS) + 2;
	int taken = draw_text(win, y, x, width - x, bad ? C_FAILED : C_OK, broken ? broken : "-");
	draw_text(win, y, x + taken + 2, width - x - taken - 2, C_DIM, note);
	if (here)
		draw_tint(win, y, 0, width, C_SELECTED);
}

/* Where a sum begins, that ends with its column; between the columns of sums there is room. */
static int
layers_sum_at(int width, size_t column, const char *text)
{
	return layers_column(width, column) + layers_step(width) - (text ? (int)strlen(text) : 1);
}

static void
layers_sum(WINDOW *win, int y, const struct rows *r, size_t row)
{
	AUTO_MEM void *tmp = mem_root();
	const char *broken = rows_get(r, row, "break"),
		   *difference = rows_get(r, row, "difference");
	const char *source = rows_get(r, row, "source"), *serving = rows_get(r, row, "serving");
	bool bad = layers_broken(r, row);
	int width = getmaxx(win), x = layers_column(width, N_LAYERS) + 2;

	int label = 2 + draw_format(win, y, 1, 13, C_TEXT, "SUM %s", rows_get(r, row, "measure"));
	int first = layers_sum_at(width, 0, source), last = layers_sum_at(width, 4, serving);
	first = first > label ? first : label;
	draw_text(win, y, first, width - first, C_TEXT, source ? source : ".");
	int end = layers_column(width, 3) + layers_step(width), from = layers_column(width, 1);
	draw_right(win, y, from, (end < last - 2 ? end : last - 2) - from, bad ? C_FAILED : C_DIM,
		   mem_printf(tmp, "diff %s", difference ? difference : "?"));
	draw_text(win, y, last, width - last, bad ? C_FAILED : C_TEXT, serving ? serving : ".");
	if (bad)
		draw_text(win, y, layers_column(width, 4) + layers_step(width), 1, C_FAILED, "!");
	draw_text(win, y, x, width - x, bad ? C_FAILED : C_OK, broken ? broken : "-");
}

static char *
layers_ago(void *mem, const struct ui *ui, const char *iso)
{
	return ui_ago(mem, ui, ui_us(iso));
}

static int
layers_ages(const struct ui *ui, WINDOW *win, int y, const struct rows *ages)
{
	AUTO_MEM void *tmp = mem_root();
	int width = getmaxx(win);

	draw_text(win, y, 1, 12, C_DIM, "counted");
	for (size_t i = 0; i < ages->n; i++) {
		const char *layer = rows_get(ages, i, "layer");
		char *age = layers_ago(tmp, ui, rows_get(ages, i, "counted_at"));

		for (size_t k = 0; k < N_LAYERS; k++) {
			if (!strcmp(layers[k], layer))
				draw_right(win, y, layers_column(width, k), layers_step(width),
					   C_DIM, age);
		}
	}
	return y + 1;
}

/* What the source has and no batch does, as it said last. */
static int
layers_behind(const struct ui *ui, WINDOW *win, int y)
{
	AUTO_MEM void *tmp = mem_root();
	const struct rows *r = ui_view(ui, FEED_BEHIND);
	const char *state = r ? rows_get(r, 0, "state") : "";
	bool behind = !strcmp(state, "behind"), known = behind || !strcmp(state, "nothing");
	const char *text =
		!r	? "asking the source ..."
		: known ? (behind ? mem_printf(tmp, "oldest unloaded change %s, %s%s journal row%s",
					       layers_ago(tmp, ui, rows_get(r, 0, "oldest_at")),
					       rows_bool(r, 0, "more") ? "over " : "",
					       rows_get(r, 0, "changes"),
					       rows_int(r, 0, "changes") == 1 ? "" : "s")
				  : "nothing")
		: !strcmp(state, "never") ? "nothing was loaded yet"
					  : mem_printf(tmp, "unknown: %s", rows_get(r, 0, "note"));

	int x = 1 + draw_format(win, y, 1, getmaxx(win) - 2,
				known && !behind ? C_DIM
				: behind	 ? C_TEXT
						 : C_WARN,
				"behind: %s", text);
	if (known)
		draw_format(win, y, x + 3, getmaxx(win) - x - 4, C_DIM, "asked %s",
			    layers_ago(tmp, ui, rows_get(r, 0, "read_at")));
	return y + 1;
}

static int
layers_uncovered(const struct ui *ui, WINDOW *win, int y)
{
	AUTO_MEM void *tmp = mem_root();
	const struct status *st = ui_view(ui, FEED_STATUS);
	const struct rows *b = st ? st->behind : NULL;
	int width = getmaxx(win) - 2;

	if (!b || !b->n)
		return y;
	draw_format(win, y, 1, width, C_WARN, "failed, not yet covered: %s run%s %s",
		    rows_get(b, 0, "runs"), rows_int(b, 0, "runs") == 1 ? "" : "s, the first",
		    layers_ago(tmp, ui, rows_get(b, 0, "since_at")));
	return y + 1;
}

static void
layers_draw(const struct ui *ui, WINDOW *win, const void *state)
{
	const struct counts *n = layers_counts(ui);
	const struct layers_state *s = state;
	int y = 0, width = getmaxx(win);

	if (!n || !n->counts->n) {
		draw_text(win, 0, 1, width - 2, C_DIM, ui_absent(ui, FEED_COUNTS));
		return;
	}
	layers_head(win, y++, "table");
	draw_hline(win, y++, 0, width);
	if (s->rejects && layers_short(getmaxy(win))) {
		layers_line(win, y++, n->counts, (size_t)s->cursor, true);
		rejects_draw(ui, win, y, s);
		return;
	}
	for (size_t i = 0; i < n->counts->n; i++)
		layers_line(win, y++, n->counts, i, (int)i == s->cursor);
	for (size_t i = 0; i < n->sums->n; i++)
		layers_sum(win, y++, n->sums, i);
	y = layers_ages(ui, win, y, n->ages);
	if (!*ui->at) { /* nobody kept how that was */
		y = layers_behind(ui, win, y);
		y = layers_uncovered(ui, win, y);
	}
	draw_text(win, y++, 1, width - 2, n->differ ? C_FAILED : C_DIM,
		  s->verifying		? "asking source and serving ..."
		  : layers_verified(ui) ? "source and serving as the databases say"
					: "as the ledger says: source and serving are totals, the "
					  "rest is the last run's");
	if (s->rejects)
		rejects_draw(ui, win, y, s);
}

/* --- keys --- */

static void
layers_move(struct ui *ui, void *state, int code)
{
	const struct counts *n = layers_counts(ui);
	struct layers_state *s = state;

	if (s->rejects && rejects_count(ui, s) > 1)
		ui_move(&s->reject, rejects_count(ui, s), rejects_room(ui, s, ui_height(ui)), code);
	else if (ui_move(&s->cursor, n ? (int)n->counts->n : 0, ui_height(ui), code))
		s->moved = n != NULL;
}

static void
layers_open(struct ui *ui, void *state, int code)
{
	struct layers_state *s = state;

	(void)code;
	s->rejects = true;
	s->moved |= layers_counts(ui) != NULL; /* what is read stays */
	s->reject = 0;
}

static bool
layers_is_open(const struct ui *ui, const void *state)
{
	(void)ui;
	return ((const struct layers_state *)state)->rejects;
}

static bool
layers_is_closed(const struct ui *ui, const void *state)
{
	return !layers_is_open(ui, state);
}

static void
layers_close(struct ui *ui, void *state, int code)
{
	(void)ui, (void)code;
	((struct layers_state *)state)->rejects = false;
}

static void
layers_verify_now(struct ui *ui, void *state, const char *text)
{
	struct layers_state *s = state;

	if (strcmp(text, "v") != 0) {
		ui_say(ui, "not verified");
		return;
	}
	s->verifying = true;
	s->asked_us = time_now_us();
	ui_refresh(ui, true);
}

static void
layers_verify(struct ui *ui, void *state, int code)
{
	(void)state, (void)code;
	if (*ui->at) {
		ui_say(ui, "time travel: the databases tell of now alone");
		return;
	}
	ui_ask(ui, "v reads every row of source and serving once, changes nothing; type v: ", "",
	       layers_verify_now);
}

static char *
layers_path(void *mem, const struct ui *ui, const void *state)
{
	const struct layers_state *s = state;
	const struct counts *n = layers_counts(ui);
	const char *entity = layers_entity(ui, s);
	const char *note = n && entity ? rows_get(n->counts, (size_t)s->cursor, "note") : NULL;
	int breaks = 0, open = 0;

	for (size_t i = 0; n && i < n->counts->n; i++) {
		breaks += layers_broken(n->counts, i);
		open += !rows_get(n->counts, i, "break");
	}
	return mem_printf(mem, "layers > %s%s   %s%s%s", entity ? entity : "all tables",
			  s->rejects ? " > left out" : "",
			  !n	   ? ""
			  : breaks ? mem_printf(mem, "%d of %zu break", breaks, n->counts->n)
			  : open   ? mem_printf(mem, "%d of %zu not compared", open, n->counts->n)
				   : "no break",
			  breaks && note && !s->rejects ? "; here " : "",
			  breaks && note && !s->rejects ? note : "");
}

static char *
layers_command(void *mem, const struct ui *ui, const void *state)
{
	const struct layers_state *s = state;

	return mem_strdup(mem, s->rejects	     ? "bikeops rejects"
			       : layers_verified(ui) ? "bikeops counts --live"
						     : "bikeops counts");
}

static char *
layers_cell(void *mem, const struct ui *ui, const void *state)
{
	const struct layers_state *s = state;
	const struct counts *n = layers_counts(ui);

	if (s->rejects && rejects_count(ui, s))
		return rejects_raw(mem, ui, s);
	if (!n || (size_t)s->cursor >= n->counts->n)
		return NULL;
	char *text = mem_strdup(mem, rows_get(n->counts, (size_t)s->cursor, "entity"));
	for (size_t i = 0; i < N_LAYERS; i++) {
		const char *cell = rows_get(n->counts, (size_t)s->cursor, layers[i]);

		text = mem_printf(mem, "%s %s %s", text, layers[i], cell ? cell : "-");
	}
	return text;
}

static const struct key layers_keys[] = {
	{ .codes = { '\r', '\n', KEY_ENTER },
	  .name = "Enter",
	  .brief = "rows left out",
	  .help = "list the rows that the last run left out, with rule and raw line",
	  .act = layers_open,
	  .due = layers_is_closed },
	{ .codes = { 'q', '\033' },
	  .name = "q",
	  .actions = "back",
	  .help = "close the list",
	  .act = layers_close,
	  .valid = layers_is_open },
	{ .codes = { 'v' },
	  .name = "v",
	  .actions = "verify",
	  .brief = "verify",
	  .help = "ask the databases themselves; says what that costs first",
	  .act = layers_verify },
	KEY_ROW_MOVE(layers_move),
	{ .name = NULL },
};

const struct screen screen_layers = {
	.key = '2',
	.name = "Layers",
	.init = layers_init,
	.want = layers_want,
	.update = layers_update,
	.draw = layers_draw,
	.path = layers_path,
	.command = layers_command,
	.cell = layers_cell,
	.keys = layers_keys,
};
