#include "base/mem.h"
#include "ui/dag.h"
#include "ui/draw.h"
#include "ui/pipeline.h"

#include <string.h>

#define LINES_MAX  70
#define PAST_WIDE  42 /* cells of a line that has room for p50 */
#define ROWS_WIDE  34 /* and of one for all digits of its rows */
#define STEP_LEAST 12 /* cells of a line but its name */
#define LOG_LEAST  4  /* rows that the boxes leave */

/* A line in a box: a step, or what is known of the one above. */
struct line {
	size_t step;
	enum { LINE_STEP, LINE_PAST, LINE_BAR } kind;
};

/* --- texts --- */

char *
pipeline_time(void *mem, long long ms)
{
	long long s = ms / 1000;

	if (ms < 0)
		return mem_strdup(mem, "-");
	if (ms < 10000)
		return mem_printf(mem, "%lld.%02llds", s, ms % 1000 / 10);
	if (s < 3600)
		return mem_printf(mem, "%lld:%02lld", s / 60, s % 60);
	return s < 360000 ? mem_printf(mem, "%lldh%02lld", s / 3600, s / 60 % 60)
			  : mem_printf(mem, "%lldd", s / 86400);
}

/* At most width cells; where it does not fit, "12k" of 12,345. */
static char *
short_count(void *mem, long long n, int width)
{
	static const char unit[] = "kMGT";
	char *text = n < 0 ? mem_strdup(mem, "-") : mem_printf(mem, "%lld", n);

	for (int i = 0; (int)strlen(text) > width && unit[i]; i++) {
		n /= 1000;
		text = mem_printf(mem, "%lld%c", n, unit[i]);
	}
	return text;
}

static long long
since_view(const struct ui *ui)
{
	const struct feed_item *item = ui->feed[FEED_PIPELINE];
	long long ms = (ui->now_us - item->at_us) / 1000;

	return ms > 0 && !*ui->at ? ms : 0;
}

long long
pipeline_took(const struct ui *ui, const char *state, long long ms)
{
	return ms >= 0 && state_is(state, "running") ? ms + since_view(ui) : ms;
}

const char *
pipeline_limit(const struct pipeline_step *s)
{
	return s->runs == 1 ? "last run" : "p95";
}

/* --- boxes --- */

static int
stage_lines(const struct pipeline *p, int stage, struct line *lines)
{
	int n = 0;

	for (size_t i = 0; i < p->n && n + 3 < LINES_MAX; i++) {
		const struct pipeline_step *s = &p->steps[i];

		if (s->stage != stage || s->opens)
			continue;
		lines[n++] = (struct line){ i, LINE_STEP };
		if (!state_is(s->state, "running"))
			continue;
		lines[n++] = (struct line){ i, LINE_PAST };
		lines[n++] = (struct line){ i, LINE_BAR };
	}
	return n;
}

/* The height does not change while a run goes on: each stage has room for its running step. */
static struct dag_stage
stage_size(const struct pipeline *p, int stage)
{
	struct line lines[LINES_MAX];
	const char *run = rows_get(p->run, 0, "state");
	bool open = state_is(run, "running") || state_is(run, "queued"), runs = false;
	int n = stage_lines(p, stage, lines);
	struct dag_stage size = { .lines = n };

	for (int i = 0; i < n; i++) {
		int need = (int)strlen(p->steps[lines[i].step].name) + 3 + STEP_LEAST;

		runs |= lines[i].kind != LINE_STEP;
		size.width = need > size.width ? need : size.width;
	}
	if (open && !runs)
		size.lines += 2;
	return size;
}

static void
draw_step(const struct ui *ui, WINDOW *win, int y, int x, int width, const struct pipeline_step *s)
{
	AUTO_MEM void *tmp = mem_root();
	int rows = width >= ROWS_WIDE ? 9 : 4, end = x + width;

	draw_state(win, y, x, s->state);
	draw_right(win, y, end - 5, 5, C_TEXT,
		   pipeline_time(tmp, pipeline_took(ui, s->state, s->ms)));
	end -= 6;
	if (width >= PAST_WIDE) {
		draw_right(win, y, end - 9, 9, C_DIM,
			   mem_printf(tmp, "p50 %s", pipeline_time(tmp, s->p50)));
		end -= 10;
	}
	draw_right(win, y, end - rows, rows, C_TEXT, short_count(tmp, s->rows, rows));
	draw_text(win, y, x + 3, end - rows - x - 3, state_is(s->state, "waiting") ? C_DIM : C_TEXT,
		  s->name);
}

static void
draw_past(WINDOW *win, int y, int x, int width, const struct pipeline_step *s)
{
	AUTO_MEM void *tmp = mem_root();
	char *p50 = mem_printf(tmp, "p50 %s", pipeline_time(tmp, s->p50));
	char *both = s->runs == 1 ? mem_printf(tmp, "%s of 1 run", p50)
				  : mem_printf(tmp, "%s p95 %s", p50, pipeline_time(tmp, s->p95));

	draw_text(win, y, x + 3, width - 3, C_DIM, (int)strlen(both) > width - 3 ? p50 : both);
}

/* By its rows where their number is known, else by p50. */
static void
draw_done(const struct ui *ui, WINDOW *win, int y, int x, int width, const struct pipeline_step *s)
{
	bool rows = s->total > 0 && s->rows > 0;
	long long part = rows ? s->rows : pipeline_took(ui, s->state, s->ms);
	long long whole = rows ? s->total : s->p50;

	if (part < 0 || whole < 0 || (!rows && !s->runs))
		draw_text(win, y, x + 3, width - 3, C_DIM, "- %");
	else if (!rows && part > s->p95)
		draw_format(win, y, x + 3, width - 3, C_WARN, "longer than %s", pipeline_limit(s));
	else {
		draw_bar(win, y, x + 3, width - 8, C_RUNNING, part, whole);
		draw_format(win, y, x + width - 4, 4, C_TEXT, "%3lld%%",
			    part >= whole ? 99 : part * 100 / whole);
	}
}

static void
draw_line(const struct ui *ui, WINDOW *win, int y, int x, int width, const struct pipeline *p,
	  const struct line *line, size_t cursor)
{
	const struct pipeline_step *s = &p->steps[line->step];

	switch (line->kind) {
	case LINE_STEP:
		draw_step(ui, win, y, x, width, s);
		if (line->step == cursor)
			draw_tint(win, y, x, width, C_SELECTED);
		break;
	case LINE_PAST:
		draw_past(win, y, x, width, s);
		break;
	case LINE_BAR:
		draw_done(ui, win, y, x, width, s);
		break;
	}
}

/* open_window stands in the title of its stage: while it is at work, failed, or under the cursor.
 */
static const struct pipeline_step *
stage_opens(const struct pipeline *p, int stage, size_t cursor)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct pipeline_step *s = &p->steps[i];

		if (s->stage == stage && s->opens)
			return i == cursor || (!state_is(s->state, "ok") &&
					       !state_is(s->state, "waiting") &&
					       !state_is(s->state, "skipped"))
				       ? s
				       : NULL;
	}
	return NULL;
}

static void
draw_stage_title(const struct ui *ui, WINDOW *win, const struct dag_box *b,
		 const struct pipeline *p, int stage, size_t cursor)
{
	AUTO_MEM void *tmp = mem_root();
	const struct pipeline_stage *g = &p->stages[stage];
	const struct pipeline_step *opens = stage_opens(p, stage, cursor);
	const char *state = opens ? opens->state : g->state;
	long long ms = pipeline_took(ui, state, opens ? opens->ms : g->ms);
	int x = b->x + 1, end = b->x + b->width - 1;

	x += draw_format(win, b->y, x, end - x, C_STRONG, " %s ", g->name);
	if (opens)
		x += draw_format(win, b->y, x, end - x, C_TEXT, "open_window ");
	else if (g->n > 1)
		x += draw_format(win, b->y, x, end - x, C_TEXT, "%zu/%zu ", g->done, g->n);
	x += draw_text(win, b->y, x, end - x, state_colour(state), state_letters(state));
	draw_format(win, b->y, x, end - x, C_TEXT, ms < 0 ? " " : " %s ", pipeline_time(tmp, ms));
	if (opens && opens == &p->steps[cursor])
		draw_tint(win, b->y, b->x + 1, b->width - 2, C_SELECTED);
}

static void
draw_stage(const struct ui *ui, WINDOW *win, const struct dag_box *b, const struct pipeline *p,
	   int stage, size_t cursor)
{
	struct line lines[LINES_MAX];
	int n = stage_lines(p, stage, lines);

	if (!b->folded)
		draw_box(win, b->y, b->x, b->height, b->width, NULL);
	draw_stage_title(ui, win, b, p, stage, cursor);
	for (int i = 0; !b->folded && i < b->height - 2 && b->top + i < n; i++)
		draw_line(ui, win, b->y + 1 + i, b->x + 1, b->width - 2, p, &lines[b->top + i],
			  cursor);
	if (!b->folded && b->top + b->height - 2 < n)
		draw_format(win, b->y + b->height - 1, b->x + 2, b->width - 4, C_DIM, " %d more ",
			    n - b->top - b->height + 2);
}

int
pipeline_boxes(const struct ui *ui, WINDOW *win, const struct pipeline *p, size_t cursor)
{
	struct dag_stage sizes[PIPELINE_STAGES];
	struct dag_box boxes[PIPELINE_STAGES];
	struct line lines[LINES_MAX];
	int stage = p->steps[cursor].stage, line = 0, n = (int)p->n_stages;
	int height = getmaxy(win) - LOG_LEAST;

	for (int i = 0; i < n; i++)
		sizes[i] = stage_size(p, i);
	for (int i = stage_lines(p, stage, lines); i--;)
		line = lines[i].step == cursor ? i : line;
	height = dag_layout(sizes, n, height > 3 ? height : 3, getmaxx(win), stage, line, boxes);
	for (int i = 0; i < n; i++) {
		draw_stage(ui, win, &boxes[i], p, i, cursor);
		if (i + 1 < n && boxes[i].y == boxes[i + 1].y)
			draw_format(win, boxes[i].y + boxes[i].height / 2,
				    boxes[i].x + boxes[i].width, DAG_GAP, C_DIM, "%s%s", glyph(G_H),
				    glyph(G_ARROW));
	}
	return height;
}
