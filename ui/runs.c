#include "ui/runs.h"

#include "base/mem.h"
#include "base/time.h"
#include "ui/draw.h"
#include "view/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_BY	   74
#define RUNS_SPARK 60
#define RUNS_WIDE  120 /* columns: there is room for what a run cost */

static void *
runs_init(void *mem)
{
	return mem_new(mem, struct runs_state);
}

/* --- which runs are seen --- */

static bool
runs_seen(const struct runs_state *s, const struct rows *r, size_t i)
{
	bool setup = !strcmp(rows_get(r, i, "pipeline"), "setup");

	return setup == s->setup && (!s->bad || (run_is_bad(r, i) && !run_is_covered(r, i)));
}

static int
runs_count(const struct runs_state *s, const struct rows *r)
{
	int n = 0;

	for (size_t i = 0; r && i < r->n; i++)
		n += runs_seen(s, r, i);
	return n;
}

/* The row of the nth seen; r->n: there is none. */
static size_t
runs_nth(const struct runs_state *s, const struct rows *r, int nth)
{
	size_t i = 0;

	for (; i < r->n; i++) {
		if (runs_seen(s, r, i) && !nth--)
			break;
	}
	return i;
}

static const struct rows *
runs_rows(const struct ui *ui)
{
	return ui_view(ui, FEED_RUNS);
}

/* The row of the cursor; r->n: none. */
static size_t
runs_here(const struct ui *ui, const struct runs_state *s)
{
	const struct rows *r = runs_rows(ui);

	return r ? runs_nth(s, r, s->cursor) : 0;
}

static void
runs_want(const struct ui *ui, const void *state, struct feed_want *want)
{
	const struct runs_state *s = state;

	(void)ui;
	want->kinds |= 1U << FEED_RUNS;
	if (!s->a || !s->b)
		return;
	want->kinds |= 1U << FEED_RUN | 1U << FEED_OTHER;
	want->run = s->a;
	want->other = s->b;
}

static int
runs_list_height(const struct ui *ui, const struct runs_state *s)
{
	int height = ui_height(ui) - 7;

	return s->a && s->b ? height / 2 : height;
}

/* The cursor stays on its run while others come. */
static void
runs_update(struct ui *ui, void *state)
{
	const struct rows *r = runs_rows(ui);
	struct runs_state *s = state;
	int n = runs_count(s, r), nth = 0;

	for (size_t i = 0; r && s->at && i < r->n; i++) {
		if (runs_seen(s, r, i) && rows_int(r, i, "run") == s->at)
			s->cursor = nth;
		nth += runs_seen(s, r, i);
	}
	if (s->cursor >= n)
		s->cursor = n ? n - 1 : 0;
	s->top = draw_top(s->cursor, s->top, n, runs_list_height(ui, s));
}

/* --- figures --- */

static int
runs_compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

/*
 * A percentile of the good ones' durations, of this mode or NULL for all; -1: of one is none.
 * Between two, as PostgreSQL's percentile_cont.
 */
static long long
runs_percentile(const struct runs_state *s, const struct rows *r, const char *mode, size_t percent)
{
	AUTO_MEM void *tmp = mem_root();
	long long *ms = mem_array(tmp, long long, r->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (!strcmp(rows_get(r, i, "state"), "ok") &&
		    runs_seen(&(struct runs_state){ .setup = s->setup }, r, i) &&
		    (!mode || !strcmp(rows_get(r, i, "mode"), mode)))
			ms[n++] = rows_int(r, i, "duration_ms");
	}
	qsort(ms, n, sizeof(*ms), runs_compare);
	if (n < 2)
		return -1;
	size_t at = (n - 1) * percent / 100, beyond = (n - 1) * percent % 100;
	return ms[at] + (ms[at + 1] - ms[at]) * (long long)beyond / 100;
}

const char *
runs_duration(void *mem, long long ms)
{
	return ms < 0 ? "-" : time_duration(mem, ms);
}

const char *
runs_against(void *mem, long long ms, long long p50)
{
	return p50 <= 0 ? "" : mem_printf(mem, "%+lld%%", (ms - p50) * 100 / p50);
}

/* Where "by" stands: behind what runs cost, where any did. */
static int
runs_by(const WINDOW *win, const struct rows *r)
{
	for (size_t i = 0; getmaxx(win) >= RUNS_WIDE && i < r->n; i++) {
		if (rows_get(r, i, "usd"))
			return RUNS_BY + 10;
	}
	return RUNS_BY;
}

static void
runs_head(WINDOW *win, const struct runs_state *s, const struct rows *r)
{
	AUTO_MEM void *tmp = mem_root();
	int ok = 0, bad = 0, covered = 0, width = getmaxx(win);

	for (size_t i = 0; i < r->n; i++) {
		if (!runs_seen(&(struct runs_state){ .setup = s->setup }, r, i))
			continue;
		ok += !strcmp(rows_get(r, i, "state"), "ok");
		bad += run_is_bad(r, i);
		covered += run_is_covered(r, i);
	}
	draw_format(win, 0, 1, width - 2, C_TEXT, "%s: %d ok  %d failed%s   p50 %s  p95 %s",
		    s->setup ? "setup" : "pipeline", ok, bad,
		    covered ? mem_printf(tmp, ", %d of them covered later", covered) : "",
		    runs_duration(tmp, runs_percentile(s, r, NULL, 50)),
		    runs_duration(tmp, runs_percentile(s, r, NULL, 95)));
	draw_format(win, 1, 1, width - 1, C_STRONG, "%7s  %-11s %-2s %-11s %8s %7s %9s %8s %*s %s",
		    "run", "mode", "", "start", "took", "vs p50", "read", "changed",
		    runs_by(win, r) - RUNS_BY, runs_by(win, r) > RUNS_BY ? "USD" : "", "by");
}

static void
runs_line(const struct ui *ui, WINDOW *win, int y, const struct runs_state *s, const struct rows *r,
	  size_t i)
{
	AUTO_MEM void *tmp = mem_root();
	const char *mode = rows_get(r, i, "mode"), *state = rows_get(r, i, "state");
	long long ms = rows_int(r, i, "duration_ms"), run = rows_int(r, i, "run");
	const char *rows = rows_get(r, i, "rows"), *changed = rows_get(r, i, "changed");
	const char *usd = rows_get(r, i, "usd");
	bool begun = rows_get(r, i, "started_at") != NULL;

	draw_text(win, y, 0, 1, C_TEXT, (int)i == (int)runs_here(ui, s) ? glyph(G_CURSOR) : " ");
	draw_right(win, y, 1, 7, C_TEXT, rows_get(r, i, "run"));
	draw_text(win, y, 8, 1, C_STRONG, run == s->a ? "A" : run == s->b ? "B" : " ");
	draw_text(win, y, 10, 11, C_TEXT, mode);
	draw_state(win, y, 22, state);
	draw_text(win, y, 25, 11, C_TEXT, ui_day(tmp, ui, rows_get(r, i, "created_at")));
	draw_right(win, y, 37, 8, C_TEXT, begun ? time_duration(tmp, ms) : "-");
	draw_right(win, y, 46, 7, C_DIM,
		   strcmp(state, "ok") ? ""
				       : runs_against(tmp, ms, runs_percentile(s, r, mode, 50)));
	draw_right(win, y, 54, 9, C_TEXT, rows ? rows : "-");
	draw_right(win, y, 64, 8, C_TEXT, changed ? changed : run_is_covered(r, i) ? "later" : "-");
	if (runs_by(win, r) > RUNS_BY)
		draw_right(win, y, 74, 9, C_TEXT, usd ? usd : "-");
	draw_text(win, y, runs_by(win, r), getmaxx(win) - runs_by(win, r), C_DIM,
		  rows_get(r, i, "requested_by"));
	if (i == runs_here(ui, s))
		draw_tint(win, y, 0, getmaxx(win), C_SELECTED);
}

static void
runs_sparks(WINDOW *win, int y, const struct runs_state *s, const struct rows *r)
{
	long long took[RUNS_SPARK], read[RUNS_SPARK];
	size_t n = 0;

	for (size_t i = r->n; i-- > 0;) { /* oldest first */
		if (!runs_seen(&(struct runs_state){ .setup = s->setup }, r, i))
			continue;
		if (n == RUNS_SPARK) {
			memmove(took, took + 1, sizeof(took) - sizeof(*took));
			memmove(read, read + 1, sizeof(read) - sizeof(*read));
			n--;
		}
		took[n] = rows_get(r, i, "started_at") ? rows_int(r, i, "duration_ms") : -1;
		read[n++] = rows_get(r, i, "rows") ? rows_int(r, i, "rows") : -1;
	}
	int width = (getmaxx(win) - 14) / 2;
	draw_text(win, y, 1, 5, C_DIM, "took");
	draw_spark(win, y, 6, width, C_RUNNING, took, n);
	draw_text(win, y, 8 + width, 5, C_DIM, "read");
	draw_spark(win, y, 13 + width, width, C_RUNNING, read, n);
}

/* Why the run of the cursor is as it is, and what to do. */
static void
runs_why(WINDOW *win, int y, const struct rows *r, size_t i)
{
	const char *error = rows_get(r, i, "error"), *note = rows_get(r, i, "note");
	const char *hint = rows_get(r, i, "hint");
	int width = getmaxx(win) - 2;
	bool covered = run_is_covered(r, i);

	draw_text(win, y, 1, width, error && !covered ? C_FAILED : C_DIM, error ? error : note);
	draw_text(win, y + 1, 1, width, C_TEXT, covered ? RUN_COVERED_NEXT : hint);
}

static void
runs_draw(const struct ui *ui, WINDOW *win, const void *state)
{
	const struct rows *r = runs_rows(ui);
	const struct runs_state *s = state;
	int height = runs_list_height(ui, s), width = getmaxx(win);

	if (!r || !runs_count(s, r)) {
		draw_text(win, 0, 1, width - 2, C_DIM,
			  !r	   ? ui_absent(ui, FEED_RUNS)
			  : s->bad ? "no run failed that a later one did not cover"
				   : "no run yet");
		return;
	}
	runs_head(win, s, r);
	draw_hline(win, 2, 0, width);
	for (int i = 0; i < height; i++) {
		size_t row = runs_nth(s, r, s->top + i);

		if (row < r->n)
			runs_line(ui, win, 3 + i, s, r, row);
	}
	runs_sparks(win, 3 + height, s, r);
	runs_why(win, 4 + height, r, runs_here(ui, s));
	if (s->a && s->b)
		runs_compared(ui, win, 6 + height, s);
}

/* --- keys --- */

static void
runs_move(struct ui *ui, void *state, int code)
{
	const struct rows *r = runs_rows(ui);
	struct runs_state *s = state;

	ui_move(&s->cursor, runs_count(s, r), runs_list_height(ui, s), code);
	size_t at = runs_here(ui, s);
	s->at = r && at < r->n ? rows_int(r, at, "run") : 0;
}

/* Enter its pipeline, l its logs. */
static void
runs_open_here(struct ui *ui, void *state, int code)
{
	const struct rows *r = runs_rows(ui);
	size_t at = runs_here(ui, state);

	if (!r || at >= r->n)
		return;
	ui->run = rows_int(r, at, "run");
	ui->setup = !strcmp(rows_get(r, at, "pipeline"), "setup");
	ui->task[0] = '\0';
	ui_go(ui, code == 'l' ? '3' : '1');
}

static void
runs_mark(struct ui *ui, void *state, int code)
{
	const struct rows *r = runs_rows(ui);
	struct runs_state *s = state;
	size_t at = runs_here(ui, s);

	(void)code;
	if (!r || at >= r->n)
		return;
	long long run = rows_int(r, at, "run");
	if (s->a && s->b) {
		s->a = s->b = 0;
	} else if (!s->a) {
		s->a = run;
		ui_say(ui, "A is run %lld; = on another compares", run);
	} else if (run == s->a) {
		s->a = 0;
	} else {
		s->b = run;
	}
}

static void
runs_bad(struct ui *ui, void *state, int code)
{
	struct runs_state *s = state;

	(void)ui, (void)code;
	s->bad = !s->bad;
	s->at = s->cursor = 0;
}

static void
runs_other(struct ui *ui, void *state, int code)
{
	struct runs_state *s = state;

	(void)ui, (void)code;
	s->setup = !s->setup;
	s->at = s->cursor = 0;
	s->a = s->b = 0;
}

static char *
runs_path(void *mem, const struct ui *ui, const void *state)
{
	const struct runs_state *s = state;
	const struct rows *r = runs_rows(ui);
	size_t at = runs_here(ui, s);

	return mem_printf(mem, "runs > %s%s%s%s", s->setup ? "setup" : "pipeline",
			  s->bad ? " > failed, not covered" : "", r && at < r->n ? " > " : "",
			  r && at < r->n ? rows_get(r, at, "run") : "");
}

static char *
runs_command(void *mem, const struct ui *ui, const void *state)
{
	const struct rows *r = runs_rows(ui);
	size_t at = runs_here(ui, state);

	return mem_printf(mem, "bikeops runs%s%s", r && at < r->n ? " show " : "",
			  r && at < r->n ? rows_get(r, at, "run") : "");
}

static char *
runs_cell(void *mem, const struct ui *ui, const void *state)
{
	const struct rows *r = runs_rows(ui);
	size_t at = runs_here(ui, state);

	if (!r || at >= r->n)
		return NULL;
	const char *error = rows_get(r, at, "error");
	return mem_printf(mem, "run %s %s %s %s%s%s", rows_get(r, at, "run"),
			  rows_get(r, at, "mode"), rows_get(r, at, "state"),
			  rows_get(r, at, "created_at"), error ? ": " : "", error ? error : "");
}

static char *
runs_save(void *mem, const void *state)
{
	const struct runs_state *s = state;

	return mem_printf(mem, "%lld %lld %lld %d %d", s->at, s->a, s->b, s->bad, s->setup);
}

static void
runs_restore(void *state, const char *text)
{
	struct runs_state *s = state;
	long long n[5] = { 0 };
	char *end;

	for (size_t i = 0; i < 5; i++) {
		n[i] = strtoll(text, &end, 10);
		text = end;
	}
	*s = (struct runs_state){
		.at = n[0], .a = n[1], .b = n[2], .bad = n[3] == 1, .setup = n[4] == 1
	};
}

static const struct key runs_keys[] = {
	{ .codes = { '\r', '\n', KEY_ENTER },
	  .name = "Enter",
	  .brief = "open",
	  .help = "show this run's pipeline",
	  .act = runs_open_here },
	{ .codes = { 'l' },
	  .name = "l",
	  .actions = "logs",
	  .help = "show its logs",
	  .act = runs_open_here },
	{ .codes = { '=' },
	  .name = "=",
	  .actions = "compare",
	  .brief = "compare",
	  .help = "mark A, then B: two runs side by side; a third time ends it",
	  .act = runs_mark },
	{ .codes = { '!' },
	  .name = "!",
	  .actions = "failed",
	  .brief = "failed",
	  .help = "only those that failed and that no later run covered, or all",
	  .act = runs_bad },
	{ .codes = { 'm' },
	  .name = "m",
	  .actions = "setups",
	  .help = "runs of the pipeline, or setups",
	  .act = runs_other },
	KEY_ROW_MOVE(runs_move),
	{ .name = NULL },
};

const struct screen screen_runs = {
	.key = '4',
	.name = "Runs",
	.init = runs_init,
	.want = runs_want,
	.update = runs_update,
	.draw = runs_draw,
	.path = runs_path,
	.command = runs_command,
	.cell = runs_cell,
	.keys = runs_keys,
	.save = runs_save,
	.restore = runs_restore,
};
