#include "base/mem.h"
#include "base/text.h"
#include "ui/draw.h"
#include "ui/pipeline.h"
#include "view/runs.h"

#define NOTE_ROWS 2

/* --- why, and the layers --- */

long long
pipeline_beat(const struct ui *ui, const struct pipeline *p)
{
	long long at = ui_us(rows_get(p->run, 0, "heartbeat_at"));

	return !at ? -1 : ui->now_us > at ? (ui->now_us - at) / 1000000 : 0;
}

const char *
pipeline_cause(void *mem, const struct ui *ui, const struct pipeline *p)
{
	long long beat = ui_us(rows_get(p->run, 0, "heartbeat_at"));

	if (!state_is(rows_get(p->run, 0, "state"), "dead"))
		return p->why->cause;
	return run_died(mem, p->run, 0, beat ? ui_ago(mem, ui, beat) : NULL);
}

static char *
why_same(void *mem, const struct why *w)
{
	if (!w->n_before)
		return mem_printf(mem, "%s; no run before", w->fingerprint);
	if (!w->same)
		return mem_printf(mem, "%s; none of the %lld runs before had it", w->fingerprint,
				  w->n_before);
	return mem_printf(mem, "%s; same in run %s, of %lld before", w->fingerprint, w->same,
			  w->n_before);
}

static char *
why_differ(void *mem, const struct why *w)
{
	char *text = mem_printf(mem, "run %lld:", w->good);

	if (!w->good)
		return mem_strdup(mem, "- (there is none)");
	for (size_t i = 0; i < w->differ->n; i++) {
		const char *now = rows_get(w->differ, i, "now"),
			   *then = rows_get(w->differ, i, "then");

		text = mem_printf(mem, "%s%s %s %s, was %s", text, i ? ";" : "",
				  rows_get(w->differ, i, "what"), now ? now : "-",
				  then ? then : "-");
	}
	return w->differ->n ? text
			    : mem_printf(mem, "%s same mode, rows, program, engine and host", text);
}

const char *
pipeline_next(void *mem, const struct pipeline *p)
{
	return p->why->rejects ? mem_printf(mem, "2 then Enter, or %s", p->why->next)
			       : p->why->next;
}

/* A label and its text; gives the row below. */
static int
why_line(WINDOW *win, int y, int x, int bottom, int width, const char *label, enum colour c,
	 const char *text)
{
	if (!text)
		return y;
	if (y >= bottom) { /* the border's right end tells */
		draw_right(win, bottom, x, width, C_STRONG, " more in a taller window ");
		return y;
	}
	draw_text(win, y, x, 11, C_STRONG, label);
	return y +
	       draw_wrapped(win, y, x + 12, bottom - y < 3 ? bottom - y : 3, width - 12, c, text);
}

void
panel_why(const struct ui *ui, WINDOW *win, struct panel at, const struct pipeline *p)
{
	int y = at.y, x = at.x, height = at.height, width = at.width;
	AUTO_MEM void *tmp = mem_root();
	const struct why *w = p->why;
	int bottom = y + height - 1;

	draw_box(win, y, x, height, width,
		 mem_printf(tmp, "why %s failed", rows_get(p->run, 0, "run")));
	y++, x += 2, width -= 4;
	y = why_line(win, y, x, bottom, width, "first cause", C_FAILED, pipeline_cause(tmp, ui, p));
	y = why_line(win, y, x, bottom, width, "next", C_STRONG, pipeline_next(tmp, p));
	y = why_line(win, y, x, bottom, width, "where", C_TEXT,
		     mem_printf(tmp, "%s%s%s%s", w->task ? w->task : "before the first task",
				w->at ? " at " : "", ui_clock(tmp, ui, w->at),
				w->tries > 1 ? mem_printf(tmp, ", %lld tries", w->tries) : ""));
	y = why_line(win, y, x, bottom, width, "last error", C_TEXT, w->last);
	y = why_line(win, y, x, bottom, width, "fingerprint", C_TEXT, why_same(tmp, w));
	why_line(win, y, x, bottom, width, "since good", C_TEXT, why_differ(tmp, w));
}

void
panel_about(WINDOW *win, struct panel at, const struct pipeline *p)
{
	int y = at.y, x = at.x, height = at.height, width = at.width;
	static const char *const what[] = { "note",	    "mode", "engine",  "rows",
					    "requested_by", "host", "program", "attempt" };
	AUTO_MEM void *tmp = mem_root();
	int bottom = y + height - 1;

	draw_box(win, y, x, height, width, mem_printf(tmp, "run %s", rows_get(p->run, 0, "run")));
	y++;
	for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++)
		y = why_line(win, y, x + 2, bottom, width - 4, i == 4 ? "asked by" : what[i],
			     C_TEXT,
			     rows_get(p->run, 0, what[i]) ? rows_get(p->run, 0, what[i]) : "-");
}

/* The run whose rows the lake's and staging's columns are, 0: none is known. */
static long long
layers_run(const struct pipeline *p)
{
	const struct rows *ages = p->counts.ages;

	for (size_t i = 0; i < ages->n; i++) {
		if (state_is(rows_get(ages, i, "layer"), "raw"))
			return rows_int(ages, i, "run");
	}
	return 0;
}

static const char *
layers_title(void *mem, const struct pipeline *p)
{
	long long of = layers_run(p), run = rows_int(p->run, 0, "run");

	if (of && of != run)
		return mem_printf(mem, "layers as of run %lld, NOT of run %lld; < first break", of,
				  run);
	return of ? mem_printf(mem, "layers of run %lld; < first break", run) : "layers";
}

/* Why the first break is one, in the line that the entities leave. */
static void
layers_reason(WINDOW *win, int y, int x, int width, const struct rows *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const char *at = rows_get(r, i, "break"), *note = rows_get(r, i, "note");

		if (!at || state_is(at, "ok") || !note)
			continue;
		draw_format(win, y, x, width, C_FAILED, "%s: %s", rows_get(r, i, "entity"), note);
		return;
	}
}

void
panel_layers(WINDOW *win, struct panel place, const struct pipeline *p)
{
	int y = place.y, x = place.x, height = place.height, width = place.width;
	static const char *const layers[] = { "source", "raw", "processed", "staging", "serving" };
	static const int cells[] = { 9, 8, 10, 8, 9 };
	const struct rows *r = p->counts.counts;

	AUTO_MEM void *tmp = mem_root();

	draw_box(win, y, x, height, width, layers_title(tmp, p));
	draw_right(win, y + height - 1, x + 2, width - 4, C_DIM,
		   " source and serving are totals, the rest is that run's ");
	layers_reason(win, y + height - 2, x + 2, width - 4, r);
	for (size_t i = 0; i <= r->n && (int)i < height - 2; i++) {
		const char *broken = i ? rows_get(r, i - 1, "break") : NULL;
		int at = x + 14;

		draw_text(win, y + 1 + (int)i, x + 2, 12, i ? C_TEXT : C_DIM,
			  i ? rows_get(r, i - 1, "entity") : "entity");
		for (size_t c = 0; c < 5 && at + cells[c] < x + width - 2; c++) {
			const char *cell = i ? rows_get(r, i - 1, layers[c]) : layers[c];
			bool here = broken && state_is(broken, layers[c]);

			draw_right(win, y + 1 + (int)i, at, cells[c],
				   here ? C_FAILED
				   : i	? C_TEXT
					: C_DIM,
				   cell ? cell : "-");
			at += cells[c];
			at += draw_text(win, y + 1 + (int)i, at, 1, C_FAILED, here ? "<" : " ");
		}
		if (i)
			draw_text(win, y + 1 + (int)i, at + 1, x + width - at - 2,
				  broken && !state_is(broken, "ok") ? C_FAILED : C_TEXT,
				  broken ? state_is(broken, "ok") ? "ok" : "!!" : "-");
	}
}

/* --- the step of the cursor, and the end of its log --- */

/* Gives the rows below that it took: a note that does not fit goes there. */
static int
draw_note(WINDOW *win, int y, int *x, const char *note)
{
	int width = getmaxx(win);

	if (!note)
		return 0;
	if (*x + 2 + (int)text_width(note) > width && getmaxy(win) - y > NOTE_ROWS + 1)
		return draw_wrapped(win, y + 1, 2, NOTE_ROWS, width - 3, C_TEXT, note);
	*x += draw_format(win, y, *x, width - *x, C_TEXT, "  %s", note);
	return 0;
}

/* Gives its rows. */
static int
draw_detail(const struct ui *ui, WINDOW *win, int y, const struct pipeline_step *s, bool worker)
{
	AUTO_MEM void *tmp = mem_root();
	int width = getmaxx(win), x = 2;
	long long ms = pipeline_took(ui, s->state, s->ms);

	draw_hline(win, y, 0, width);
	x += draw_format(win, y, x, width - x, C_STRONG, " %s ", s->key);
	x += draw_text(win, y, x, width - x, state_colour(s->state), s->state);
	if (state_is(s->state, "dead"))
		x += draw_text(win, y, x, width - x, C_FAILED, ": worker died");
	if (s->tries > 1)
		x += draw_format(win, y, x, width - x, C_WARN, "  try %lld", s->tries);
	int below = draw_note(win, y, &x, s->note);
	if (s->started_at)
		x += draw_format(win, y, x, width - x, C_TEXT, "  started %s",
				 ui_clock(tmp, ui, s->started_at));
	if (s->rows >= 0 && width >= 72)
		x += draw_format(win, y, x, width - x, C_TEXT, "  %lld rows", s->rows);
	if (s->rows > 0 && ms >= 1000 && width >= PIPELINE_WIDE)
		x += draw_format(win, y, x, width - x, C_TEXT, "  %lld/s", s->rows * 1000 / ms);
	if (s->bytes > 0 && width >= PIPELINE_WIDE)
		x += draw_format(win, y, x, width - x, C_TEXT, "  %lld bytes", s->bytes);
	if (width >= PIPELINE_WIDE && s->runs)
		x += s->runs == 1 ? draw_format(win, y, x, width - x, C_DIM, "  p50 %s of 1 run",
						pipeline_time(tmp, s->p50))
				  : draw_format(win, y, x, width - x, C_DIM,
						"  p50 %s p95 %s of %lld runs",
						pipeline_time(tmp, s->p50),
						pipeline_time(tmp, s->p95), s->runs);
	if (worker)
		x += draw_text(win, y, x, width - x, C_DIM, "  log: the worker's");
	draw_text(win, y, x, width - x, C_TEXT, " ");
	return 1 + below;
}

static enum colour
level_colour(const char *level)
{
	return !level			    ? C_TEXT
	       : state_is(level, "error")   ? C_FAILED
	       : state_is(level, "warning") ? C_WARN
	       : state_is(level, "debug")   ? C_DIM
					    : C_TEXT;
}

static void
draw_log(const struct ui *ui, WINDOW *win, int y, const struct pipeline *p, const char *task)
{
	AUTO_MEM void *tmp = mem_root();
	int width = getmaxx(win), height = getmaxy(win) - y;
	const struct rows *r = p->log;

	if (!r || strcmp(p->log_task, task) != 0) {
		draw_text(win, y, 1, width - 2, C_DIM, r ? ".." : "its log cannot be read");
		return;
	}
	if (!r->n)
		draw_text(win, y, 1, width - 2, C_DIM, "no log line");
	size_t first = (int)r->n > height ? r->n - (size_t)height : 0;
	for (size_t i = first; i < r->n && height > 0; i++, y++) {
		const char *level = rows_get(r, i, "level");

		draw_text(win, y, 1, 8, C_DIM, ui_clock(tmp, ui, rows_get(r, i, "time")));
		draw_format(win, y, 10, 1, level_colour(level), "%c",
			    level ? level[0] - 'a' + 'A' : ' ');
		draw_text(win, y, 12, width - 12, level_colour(level), rows_get(r, i, "message"));
	}
}

void
panel_step(const struct ui *ui, WINDOW *win, int y, const struct pipeline *p,
	   const struct pipeline_step *s)
{
	y += draw_detail(ui, win, y, s, p->log_is_workers && p->log && p->log->n);
	draw_log(ui, win, y, p, s->task);
}
