#include "view/pipesteps.h"

#include <string.h>

#define PIPELINE_SHARE 10 /* a critical step takes so much of a run: 1/10 */

/* --- states: pure --- */

const char *
pipeline_state(const char *state, bool current, const char *run)
{
	bool open = !strcmp(run, "queued") || !strcmp(run, "running");

	if (!state)
		return open						? "waiting"
		       : !strcmp(run, "failed") || !strcmp(run, "dead") ? "upstream"
									: "skipped";
	if (!strcmp(state, "running") && !open)
		return !strcmp(run, "ok") ? "skipped" : run;
	if (!strcmp(state, "running"))
		return current ? state : "waiting";
	if (strcmp(state, "ok") && open)
		return current ? "retry" : "waiting";
	return state;
}

size_t
pipeline_bearer(const char *const *states, size_t n, const char *task)
{
	size_t first = n;

	if (!strcmp(task, "ok") || !strcmp(task, "waiting") || !strcmp(task, "upstream") ||
	    !strcmp(task, "skipped"))
		return n;
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(states[i], task))
			return n;
		if (first == n && strcmp(states[i], "ok"))
			first = i;
	}
	return first == n && n ? n - 1 : first;
}

static bool
state_is(const char *state, const char *one)
{
	return !strcmp(state, one);
}

static bool
state_bad(const char *state)
{
	return state_is(state, "failed") || state_is(state, "dead");
}

/* Of a step whose task is begun but that the ledger has no row of. */
static const char *
state_unbegun(const char *task)
{
	if (state_is(task, "ok") || state_is(task, "cancelled"))
		return "skipped";
	return state_bad(task) ? "upstream" : state_is(task, "running") ? "waiting" : task;
}

/* --- what the ledger has --- */

static long long
number(const struct rows *r, size_t row, const char *name)
{
	return rows_get(r, row, name) ? rows_int(r, row, name) : -1;
}

size_t
pipeline_task(const struct rows *tasks, const char *task)
{
	size_t i = tasks->n;

	while (i && strcmp(rows_get(tasks, i - 1, "task"), task))
		i--;
	return i ? i - 1 : tasks->n;
}

static bool
is_of(const char *key, const char *step)
{
	size_t len = strlen(key);

	return !strncmp(step, key, len) && (!step[len] || step[len] == '.');
}

/* Its rows of the attempt that its task is in; those of load_staging's tables become one. */
static void
step_rows(struct pipeline_step *s, const struct rows *steps, long long attempt, const char *task)
{
	const char *state = NULL;

	for (size_t i = 0; i < steps->n; i++) {
		if (rows_int(steps, i, "attempt") != attempt ||
		    !is_of(s->key, rows_get(steps, i, "step")))
			continue;
		state = rows_get(steps, i, "state");
		s->rows = (s->rows < 0 ? 0 : s->rows) + rows_int(steps, i, "rows");
		s->bytes = (s->bytes < 0 ? 0 : s->bytes) + rows_int(steps, i, "bytes");
		s->total = number(steps, i, "total");
		if (strchr(s->key, '.')) {
			s->ms = number(steps, i, "duration_ms");
			s->started_at = rows_get(steps, i, "started_at");
			s->note = rows_get(steps, i, "note");
		}
	}
	if (!strchr(s->key, '.'))
		s->state = task, s->total = -1;
	else if (!state)
		s->state = state_unbegun(task);
	else
		s->state = state_is(state, "ok") && !state_is(task, "waiting") ? "ok" : task;
}

static void
step_fill(struct pipeline_step *s, const struct rows *run, const struct rows *tasks,
	  const struct rows *steps)
{
	size_t t = pipeline_task(tasks, s->task);
	const char *of_run = rows_get(run, 0, "state");

	if (t == tasks->n) {
		s->state = pipeline_state(NULL, false, of_run);
		return;
	}
	long long attempt = rows_int(tasks, t, "attempt");
	bool current = attempt == rows_int(run, 0, "attempt");
	for (size_t i = 0; i < tasks->n; i++)
		s->tries += !strcmp(rows_get(tasks, i, "task"), s->task);
	s->task_ms = number(tasks, t, "duration_ms");
	s->error = rows_get(tasks, t, "error");
	if (!strchr(s->key, '.')) {
		s->ms = s->task_ms;
		s->started_at = rows_get(tasks, t, "started_at");
	}
	step_rows(s, steps, attempt, pipeline_state(rows_get(tasks, t, "state"), current, of_run));
	if (state_is(s->state, "dead"))
		s->ms = s->task_ms = PIPELINE_NOTIME; /* nobody knows when it died */
}

static size_t
task_lines(const struct pipeline *p, size_t first)
{
	size_t n = 1;

	while (first + n < p->n && !strcmp(p->steps[first + n].task, p->steps[first].task))
		n++;
	return n;
}

/* A line for the task itself, before its steps: what failed there is none of theirs. */
static void
task_line(struct pipeline *p, size_t first, const char *state, const char *started_at)
{
	if (p->n == PIPELINE_STEPS)
		return;
	memmove(&p->steps[first + 1], &p->steps[first], (p->n - first) * sizeof(*p->steps));
	p->n++;
	struct pipeline_step *s = &p->steps[first];
	s->key = s->name = s->task;
	s->state = state;
	s->ms = s->task_ms;
	s->p50 = s->task_p50;
	s->p95 = s->task_p95;
	s->started_at = started_at;
}

/* The lines of one task: one of them has its state. */
static void
steps_bear(struct pipeline *p, const struct rows *run, const struct rows *tasks, size_t first,
	   size_t n)
{
	const char *states[PIPELINE_STEPS] = { NULL };
	size_t t = pipeline_task(tasks, p->steps[first].task);

	if (t == tasks->n)
		return;
	const char *state =
		pipeline_state(rows_get(tasks, t, "state"),
			       rows_int(tasks, t, "attempt") == rows_int(run, 0, "attempt"),
			       rows_get(run, 0, "state"));
	const char *started_at = rows_get(tasks, t, "started_at");
	for (size_t i = 0; i < n; i++)
		states[i] = p->steps[first + i].state;
	size_t bearer = pipeline_bearer(states, n, state);
	if (bearer == n)
		return;
	struct pipeline_step *s = &p->steps[first + bearer];
	if (!bearer && n > 1 && s->rows < 0 && !state_is(state, "running")) {
		task_line(p, first, state, started_at);
		return;
	}
	s->state = state;
	if (!bearer && s->ms < 0) { /* at work since its task is */
		s->ms = s->task_ms;
		s->started_at = started_at;
	}
}

static void
step_past(struct pipeline_step *s, const struct rows *past)
{
	for (size_t i = 0; i < past->n; i++) {
		const char *name = rows_get(past, i, "name");

		if (!strcmp(name, s->key)) {
			s->p50 = number(past, i, "p50_ms");
			s->p95 = number(past, i, "p95_ms");
			s->runs = number(past, i, "runs");
		}
		if (!strcmp(name, s->task)) {
			s->task_p50 = number(past, i, "p50_ms");
			s->task_p95 = number(past, i, "p95_ms");
		}
	}
}

/* Tasks go in order: one that has no attempt where a later one has is not due. */
static void
mark_skipped(struct pipeline *p)
{
	bool begun = false;

	for (size_t i = p->n; i--;) {
		struct pipeline_step *s = &p->steps[i];

		begun |= s->tries && !state_is(s->state, "waiting");
		if (begun && !s->tries)
			s->state = "skipped";
	}
}

/* --- what follows of it --- */

static void
stage_fill(struct pipeline *p, int stage)
{
	struct pipeline_stage *g = &p->stages[stage];
	size_t upstream = 0, waiting = 0, skipped = 0;
	const char *loud = NULL;

	g->ms = PIPELINE_NOTIME;
	for (size_t i = 0; i < p->n; i++) {
		const struct pipeline_step *s = &p->steps[i];

		if (s->stage != stage)
			continue;
		if (s->task_ms >= 0 && (!i || strcmp(p->steps[i - 1].task, s->task)))
			g->ms = (g->ms < 0 ? 0 : g->ms) + s->task_ms;
		if (!state_is(s->state, "ok") && !state_is(s->state, "waiting") &&
		    !state_is(s->state, "upstream") && !state_is(s->state, "skipped") &&
		    !(loud && state_bad(loud)))
			loud = s->state;
		if (s->opens)
			continue;
		g->n++;
		g->done += state_is(s->state, "ok");
		upstream += state_is(s->state, "upstream");
		waiting += state_is(s->state, "waiting");
		skipped += state_is(s->state, "skipped");
	}
	bool none = skipped == g->n;
	g->n -= none ? 0 : skipped;
	g->state = loud	      ? loud
		   : upstream ? "upstream"
		   : !waiting ? none ? "skipped" : "ok"
		   : g->done  ? "running"
			      : "waiting";
}

/* The longest line of each task that is long for the run. */
static void
mark_critical(struct pipeline *p)
{
	long long all = 0;

	for (size_t i = 0; i < p->n; i += task_lines(p, i))
		all += p->steps[i].task_ms > 0 ? p->steps[i].task_ms : 0;
	for (size_t i = 0; i < p->n;) {
		size_t n = task_lines(p, i), longest = i;

		for (size_t j = i; j < i + n; j++) {
			if (p->steps[j].ms > p->steps[longest].ms)
				longest = j;
		}
		struct pipeline_step *s = &p->steps[longest];
		s->critical = s->ms > 0 && s->task_ms * PIPELINE_SHARE >= all;
		i += n;
	}
}

static void
guess_end(struct pipeline *p)
{
	const char *run = rows_get(p->run, 0, "state");
	long long left = 0;

	p->left_ms = -1;
	if (strcmp(run, "running") && strcmp(run, "queued"))
		return;
	for (size_t i = 0; i < p->n; i += task_lines(p, i)) {
		const struct pipeline_step *s = &p->steps[i];
		bool over = true, begun = false;

		for (size_t j = i; j < i + task_lines(p, i); j++) {
			over &= state_is(p->steps[j].state, "ok") ||
				state_is(p->steps[j].state, "skipped");
			begun |= state_is(p->steps[j].state, "running");
		}
		if (over)
			continue;
		if (s->task_p50 < 0)
			return;
		long long took = begun && s->task_ms > 0 ? s->task_ms : 0;
		p->late |= took > s->task_p95;
		left += took <= s->task_p50   ? s->task_p50 - took
			: took <= s->task_p95 ? s->task_p95 - took
					      : 0;
	}
	if (!p->late)
		p->left_ms = left;
}

static size_t
find_focus(const struct pipeline *p)
{
	size_t last = 0;

	for (size_t i = 0; i < p->n; i++) {
		const char *state = p->steps[i].state;

		if (state_bad(state) || state_is(state, "running") || state_is(state, "retry") ||
		    state_is(state, "cancelled"))
			return i;
		if (p->steps[i].tries && !state_is(state, "skipped") && !state_is(state, "waiting"))
			last = i;
	}
	return last;
}

void
pipeline_fill(struct pipeline *p, const struct rows *tasks, const struct rows *steps,
	      const struct rows *past)
{
	for (size_t i = 0; i < p->n; i++) {
		step_fill(&p->steps[i], p->run, tasks, steps);
		step_past(&p->steps[i], past);
	}
	for (size_t i = 0; i < p->n; i += task_lines(p, i))
		steps_bear(p, p->run, tasks, i, task_lines(p, i));
	mark_skipped(p);
	for (size_t i = 0; i < p->n_stages; i++)
		stage_fill(p, (int)i);
	mark_critical(p);
	guess_end(p);
	p->focus = find_focus(p);
}
