#include "ui/pipeline.h"

#include "base/mem.h"
#include "base/time.h"
#include "ui/console.h"
#include "ui/draw.h"
#include "view/runs.h"
#include "view/status.h"

#include <stdio.h>
#include <string.h>

#define TALL  27 /* rows of the window: why and the layers, and the log below them */
#define PANEL 10 /* rows of these two, at least */
#define ROOMY 13 /* and at most */

#define SILENT_S 10 /* a worker beats every half second */

struct pipeline_state {
	size_t at;     /* the step of the cursor */
	bool moved;    /* else the cursor follows the run */
	char key[64];  /* of that step: others may come above it */
	char task[64]; /* whose log is wanted */
	bool why;      /* W: in place of the log */
	long long run;
	bool lent; /* the run was set for the logs: it follows the newest again */
};

static const struct pipeline *
pipeline_of(const struct ui *ui)
{
	return ui_view(ui, FEED_PIPELINE);
}

static bool
pipeline_ran(const struct pipeline *p)
{
	return p && p->run->n;
}

/* --- the line below the boxes --- */

static char *
critical_path(void *mem, const struct pipeline *p)
{
	char *path = NULL;

	for (size_t i = 0; i < p->n; i++) {
		if (p->steps[i].critical)
			path = path ? mem_printf(mem, "%s > %s", path, p->steps[i].name)
				    : mem_strdup(mem, p->steps[i].name);
	}
	return path ? path : mem_strdup(mem, "-");
}

static char *
layers_line(void *mem, const struct pipeline *p, bool *broken)
{
	const struct rows *r = p->counts.counts;

	*broken = false;

	for (size_t i = 0; i < r->n; i++) {
		const char *at = rows_get(r, i, "break"), *note = rows_get(r, i, "note");

		*broken = at && strcmp(at, "ok") != 0;
		if (*broken)
			return mem_printf(mem, "%s breaks at %s%s%s", rows_get(r, i, "entity"), at,
					  note ? ": " : "", note ? note : "");
	}
	for (size_t i = 0; i < r->n; i++) {
		if (!rows_get(r, i, "break"))
			return mem_printf(mem, "%s not compared since", rows_get(r, i, "entity"));
	}
	return mem_strdup(mem, r->n ? "no break" : "-");
}

static char *
eta(void *mem, const struct ui *ui, const struct pipeline *p)
{
	const struct feed_item *item = ui->feed[FEED_PIPELINE];

	if (p->late)
		return mem_printf(mem, "- (longer than %s)", pipeline_limit(&p->steps[p->focus]));
	if (p->left_ms < 0)
		return mem_strdup(mem, "- (no good run to compare)");
	long long from = *ui->at ? ui_us(ui->at) : item->at_us;
	char *at = time_iso(mem, from + p->left_ms * 1000);
	return mem_printf(mem, "%s%s by %s", ui_clock(mem, ui, at), ui->local_time ? "" : "Z",
			  p->steps[p->focus].runs == 1 ? "the last run alone" : "p50");
}

/* It takes long: does anybody still work on it? */
static char *
late(void *mem, const struct ui *ui, const struct pipeline *p)
{
	const char *beat = ui_ago(mem, ui, ui_us(rows_get(p->run, 0, "heartbeat_at")));

	return mem_printf(mem, "longer than %s; worker %s, heartbeat %s: pid %s on %s",
			  pipeline_limit(&p->steps[p->focus]),
			  pipeline_beat(ui, p) > SILENT_S ? "SILENT" : "alive", beat,
			  rows_get(p->run, 0, "pid"), rows_get(p->run, 0, "host"));
}

/* Its begin says what failed, its end why: where two rows do not hold both, the middle goes. */
static const char *
cut_middle(void *mem, const char *text, int width)
{
	size_t n = strlen(text), row = width > 12 ? (size_t)width : 12;
	size_t keep = row * 3 / 2, first = keep / 3;

	if (n <= 2 * row - 12)
		return text;
	const char *end = text + n - (keep - first - 3);
	while (first && (text[first] & 0xc0) == 0x80)
		first--;
	while ((*end & 0xc0) == 0x80)
		end++;
	return mem_printf(mem, "%.*s ~ %s", (int)first, text, end);
}

static int
draw_why_brief(const struct ui *ui, WINDOW *win, int y, const struct pipeline *p)
{
	AUTO_MEM void *tmp = mem_root();
	const char *cause = pipeline_cause(tmp, ui, p);
	int width = getmaxx(win) - 8, from = y;

	draw_text(win, y, 1, 6, C_FAILED, "!! why");
	y += draw_wrapped(win, y, 8, 2, width, C_FAILED, cut_middle(tmp, cause, width));
	draw_text(win, y, 1, 6, C_STRONG, "next");
	y += draw_wrapped(win, y, 8, 2, width, C_TEXT, pipeline_next(tmp, p));
	return y - from;
}

/* What is drawn is of the past: why, and what to do. */
static bool
draw_stale(const struct ui *ui, WINDOW *win, int y)
{
	const struct feed_item *of = ui->feed[FEED_STATUS];
	const struct status *s = ui_view(ui, FEED_STATUS);

	if (*ui->at || !of || !(of->error || (s && s->stack && state_is(s->stack, "down"))))
		return false;
	if (s && s->stack && state_is(s->stack, "down"))
		draw_format(win, y, 1, getmaxx(win) - 2, C_WARN,
			    "STALE: the embedded stack is down; %s starts it again",
			    ui_key(ui, "setup"));
	else
		draw_format(win, y, 1, getmaxx(win) - 2, C_WARN, "STALE: %s", of->error);
	return true;
}

/* Gives its rows. */
static int
draw_sum(const struct ui *ui, WINDOW *win, int y, const struct pipeline *p)
{
	AUTO_MEM void *tmp = mem_root();
	const char *state = rows_get(p->run, 0, "state"), *note = rows_get(p->run, 0, "note");
	int width = getmaxx(win) - 2;

	if (draw_stale(ui, win, y))
		return 1;
	if (p->why)
		return draw_why_brief(ui, win, y, p);
	if (p->late && pipeline_beat(ui, p) >= 0) {
		draw_text(win, y, 1, width, C_WARN, late(tmp, ui, p));
		return 1;
	}
	if (state_is(state, "running") || state_is(state, "queued")) {
		draw_format(win, y, 1, width, C_TEXT, "ETA %s   critical path %s", eta(tmp, ui, p),
			    critical_path(tmp, p));
		return 1;
	}
	if (state_is(state, "cancelled")) {
		draw_format(win, y, 1, width, C_WARN,
			    "xx cancelled%s; any later run takes its rows",
			    rows_get(p->run, 0, "k") ? " after it published"
						     : " before it published anything");
		return 1;
	}
	bool broken;
	char *layers = layers_line(tmp, p, &broken);
	int x = 1;
	if (note)
		x += draw_format(win, y, x, width, C_STRONG, "%s   ", note);
	x += draw_format(win, y, x, width - x, broken ? C_WARN : C_TEXT, "layers %s%s", layers,
			 broken ? " (2 shows)" : "");
	draw_format(win, y, x, width - x, C_TEXT, "   critical path %s", critical_path(tmp, p));
	return 1;
}

/* --- the screen --- */

static void
pipeline_draw(const struct ui *ui, WINDOW *win, const void *state)
{
	const struct pipeline *p = pipeline_of(ui);
	const struct pipeline_state *s = state;
	int width = getmaxx(win), height = getmaxy(win);

	if (!p || !p->run->n) {
		p ? pipeline_never(ui, win) : pipeline_unreached(ui, win);
		return;
	}
	size_t at = s->at < p->n ? s->at : p->focus;
	int y = pipeline_boxes(ui, win, p, at);
	bool panels = width >= PIPELINE_WIDE && height >= TALL;
	int half = (height - y) / 2 + 1, rows = half < PANEL ? PANEL : half > ROOMY ? ROOMY : half;
	struct panel left = { y, 0, rows, width - width / 2 };
	struct panel rest = { y, 0, height - y, width };

	if (s->why && p->why && !panels) {
		panel_why(ui, win, rest, p);
		return;
	}
	if (panels && p->why) {
		panel_why(ui, win, left, p);
	} else {
		left.y = y += draw_sum(ui, win, y, p);
		if (panels)
			panel_about(win, left, p);
	}
	if (panels) {
		panel_layers(win, (struct panel){ y, left.width, rows, width / 2 }, p);
		y += rows;
	}
	panel_step(ui, win, y, p, &p->steps[at]);
}

static void *
pipeline_init(void *mem)
{
	return mem_new(mem, struct pipeline_state);
}

static void
pipeline_want(const struct ui *ui, const void *state, struct feed_want *want)
{
	const struct pipeline_state *s = state;

	want->kinds |= 1U << FEED_PIPELINE;
	want->run = ui->setup ? 0 : ui->run;
	want->setup = ui->setup;
	snprintf(want->task, sizeof(want->task), "%s", s->moved ? s->task : "");
}

static size_t
pipeline_find(const struct pipeline *p, const char *key)
{
	size_t i = 0;

	while (i < p->n && strcmp(p->steps[i].key, key) != 0)
		i++;
	return i;
}

static void
pipeline_update(struct ui *ui, void *state)
{
	const struct pipeline *p = pipeline_of(ui);
	struct pipeline_state *s = state;

	if (s->lent && ui->run == s->run)
		ui->run = 0;
	s->lent = false;
	if (!pipeline_ran(p))
		return;
	if (rows_int(p->run, 0, "run") != s->run)
		*s = (struct pipeline_state){ .run = rows_int(p->run, 0, "run") };
	s->at = s->moved ? pipeline_find(p, s->key) : p->n;
	if (s->at == p->n) {
		s->moved = false;
		s->at = p->focus;
	}
}

/* --- keys --- */

static void
pipeline_at(struct pipeline_state *s, const struct pipeline *p, size_t at)
{
	s->at = at;
	s->moved = true;
	snprintf(s->key, sizeof(s->key), "%s", p->steps[at].key);
	snprintf(s->task, sizeof(s->task), "%s", p->steps[at].task);
}

static void
pipeline_move(struct ui *ui, void *state, int code)
{
	const struct pipeline *p = pipeline_of(ui);
	struct pipeline_state *s = state;
	int at = (int)s->at;

	if (!pipeline_ran(p))
		return;
	ui_move(&at, (int)p->n, 8, code);
	pipeline_at(s, p, (size_t)at);
}

static bool
pipeline_can_open(const struct ui *ui, const void *state)
{
	const struct pipeline_state *s = state;

	return pipeline_ran(pipeline_of(ui)) && s->at < pipeline_of(ui)->n;
}

static void
pipeline_stage(struct ui *ui, void *state, int code)
{
	const struct pipeline *p = pipeline_of(ui);
	struct pipeline_state *s = state;

	if (!pipeline_can_open(ui, state))
		return;
	int to = p->steps[s->at].stage + (code == 'h' || code == KEY_LEFT ? -1 : 1), n = 0;
	for (size_t i = s->at; i-- && p->steps[i].stage == p->steps[s->at].stage;)
		n += !p->steps[i].opens;
	for (size_t i = 0, seen = 0; i < p->n; i++) {
		if (p->steps[i].stage != to || p->steps[i].opens)
			continue;
		pipeline_at(s, p, i);
		if ((int)seen++ == n)
			return;
	}
}

static void
pipeline_open(struct ui *ui, void *state, int code)
{
	const struct pipeline *p = pipeline_of(ui);
	struct pipeline_state *s = state;

	(void)code;
	s->lent = !ui->run;
	ui->run = rows_int(p->run, 0, "run");
	snprintf(ui->task, sizeof(ui->task), "%s", p->steps[s->at].task);
	ui_go(ui, '3');
}

static bool
pipeline_can_why(const struct ui *ui, const void *state)
{
	const struct pipeline *p = pipeline_of(ui);

	(void)state;
	return pipeline_ran(p);
}

static bool
pipeline_has_why(const struct ui *ui, const void *state)
{
	return pipeline_can_why(ui, state) && pipeline_of(ui)->why;
}

static void
pipeline_why(struct ui *ui, void *state, int code)
{
	const struct pipeline *p = pipeline_of(ui);
	struct pipeline_state *s = state;

	(void)code;
	if (!p->why)
		ui_say(ui, "run %s did not fail", rows_get(p->run, 0, "run"));
	else if (ui_width(ui) >= PIPELINE_WIDE && ui_height(ui) >= TALL)
		ui_say(ui, "why %s failed stands below the boxes", rows_get(p->run, 0, "run"));
	else
		s->why = !s->why;
}

/* Back: from why, then from a step to where the run is, then from a run to the newest. */
static bool
pipeline_can_back(const struct ui *ui, const void *state)
{
	const struct pipeline_state *s = state;

	return s->why || s->moved || ui->run || ui->setup;
}

static void
pipeline_back(struct ui *ui, void *state, int code)
{
	struct pipeline_state *s = state;

	(void)code;
	if (s->why) {
		s->why = false;
	} else if (s->moved) {
		s->moved = false;
	} else {
		ui->run = 0;
		ui->setup = false;
	}
}

static char *
pipeline_path(void *mem, const struct ui *ui, const void *state)
{
	const struct pipeline *p = pipeline_of(ui);
	const struct pipeline_state *s = state;

	if (!pipeline_ran(p))
		return mem_strdup(mem, ui->setup ? "setup" : "pipeline");
	size_t at = s->at < p->n ? s->at : p->focus;
	const char *usd = ui_width(ui) >= PIPELINE_WIDE ? rows_get(p->run, 0, "usd") : NULL;
	long long ended = ui_us(rows_get(p->run, 0, "ended_at"));
	char *ago = ended && !*ui->at ? mem_printf(mem, " %s", ui_ago(mem, ui, ended))
				      : mem_strdup(mem, "");
	return mem_printf(mem, "%s > %s > %s   %s %s%s%s%s%s", rows_get(p->run, 0, "pipeline"),
			  rows_get(p->run, 0, "run"), p->steps[at].key, rows_get(p->run, 0, "mode"),
			  state_is(rows_get(p->run, 0, "state"), "dead")
				  ? "!! worker died"
				  : rows_get(p->run, 0, "state"),
			  ago, usd ? "   " : "", usd ? usd : "", usd ? " USD" : "");
}

static char *
pipeline_command(void *mem, const struct ui *ui, const void *state)
{
	const struct pipeline *p = pipeline_of(ui);

	(void)state;
	return pipeline_ran(p) ? mem_printf(mem, "bikeops runs show %s", rows_get(p->run, 0, "run"))
			       : mem_strdup(mem, "bikeops status");
}

static char *
pipeline_cell(void *mem, const struct ui *ui, const void *state)
{
	const struct pipeline *p = pipeline_of(ui);
	const struct pipeline_state *s = state;

	if (!pipeline_ran(p) || s->at >= p->n)
		return NULL;
	const struct pipeline_step *step = &p->steps[s->at];
	return mem_printf(mem, "run %s %s %s%s%s", rows_get(p->run, 0, "run"), step->key,
			  step->state, p->why ? ": " : "", p->why ? p->why->cause : "");
}

static const struct key pipeline_keys[] = {
	{ .codes = { 's' },
	  .name = "s",
	  .actions = "setup",
	  .brief = "set up",
	  .words = action_setup_words,
	  .help = "set up here, or start the embedded stack again",
	  .act = action_setup,
	  .valid = action_can_set_up,
	  .flags = KEY_WRITES },
	{ .codes = { '\r', '\n', KEY_ENTER },
	  .name = "Enter",
	  .brief = "log",
	  .help = "show the log of the step's task",
	  .act = pipeline_open,
	  .valid = pipeline_can_open },
	{ .codes = { 'W' },
	  .name = "W",
	  .actions = "why",
	  .brief = "why",
	  .help = "show why the run failed, or hide it",
	  .act = pipeline_why,
	  .due = pipeline_has_why,
	  .valid = pipeline_can_why },
	KEY_ROW_MOVE(pipeline_move),
	{ .codes = { 'h', KEY_LEFT },
	  .name = "h Left",
	  .actions = "left",
	  .help = "stage before",
	  .act = pipeline_stage },
	{ .codes = { 'l', KEY_RIGHT },
	  .name = "l Right",
	  .actions = "right",
	  .help = "next stage",
	  .act = pipeline_stage },
	{ .codes = { 'q' },
	  .name = "q",
	  .actions = "back",
	  .help = "go back: from why, from a step to the one at work, to the newest run",
	  .act = pipeline_back,
	  .valid = pipeline_can_back },
	{ .name = NULL },
};

const struct screen screen_pipeline = {
	.key = '1',
	.name = "Pipeline",
	.init = pipeline_init,
	.want = pipeline_want,
	.update = pipeline_update,
	.draw = pipeline_draw,
	.path = pipeline_path,
	.command = pipeline_command,
	.cell = pipeline_cell,
	.keys = pipeline_keys,
};
