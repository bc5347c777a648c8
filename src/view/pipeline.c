#include "view/pipeline.h"

#include "base/mem.h"
#include "base/sql.h"
#include "lake/lake.h"
#include "run/run.h"
#include "view/logtail.h"
#include "view/runs.h"

#include <stdlib.h>
#include <string.h>

#define PIPELINE_SHARE	10 /* a critical step takes so much of a run: 1/10 */
#define PIPELINE_STEPS	64
#define PIPELINE_NOTIME (-1LL)

/* --- what there is to do --- */

struct part {
	const char *task;
	int stage;
	const char *folder; /* a file of it is a step, or NULL */
	const char *begin;  /* of such a file's name; or the only step */
	bool opens;
};

static const struct part run_parts[] = {
	{ "open_window", 0, NULL, NULL, true },	    { "extract", 0, "extract", "", false },
	{ "transform", 1, NULL, "duckdb", false },  { "load_staging", 2, NULL, NULL, false },
	{ "publish", 2, "publish", "dim_", false }, { "publish", 2, "publish", "fact_", false },
	{ "clear_staging", 2, NULL, NULL, false },  { NULL, 0, NULL, NULL, false },
};

/* Instead of the step "duckdb", where EMR Serverless transforms. */
static const char *const emr_steps[] = { "create_spark_app", "submit_spark_job", "check_spark_job",
					 "delete_spark_app" };

static const struct part setup_parts[] = {
	{ "prepare_dataset", 0, NULL, NULL, false },  { "create_source", 0, NULL, NULL, false },
	{ "import_source", 0, NULL, NULL, false },    { "create_triggers", 0, NULL, NULL, false },
	{ "create_warehouse", 1, NULL, NULL, false }, { NULL, 0, NULL, NULL, false },
};

static const char *const stage_names[2][PIPELINE_STAGES] = {
	{ "EXTRACT", "TRANSFORM", "LOAD" },
	{ "SOURCE", "WAREHOUSE", NULL },
};

static void
plan_add(void *mem, struct pipeline *p, const struct part *part, const char *step)
{
	if (p->n == PIPELINE_STEPS)
		return;
	p->steps[p->n++] = (struct pipeline_step){
		.task = part->task,
		.key = step ? mem_printf(mem, "%s.%s", part->task, step) : part->task,
		.name = step ? step : part->task,
		.stage = part->stage,
		.opens = part->opens,
		.rows = -1,
		.total = -1,
		.bytes = -1,
		.ms = PIPELINE_NOTIME,
		.p50 = PIPELINE_NOTIME,
		.p95 = PIPELINE_NOTIME,
		.task_ms = PIPELINE_NOTIME,
		.task_p50 = PIPELINE_NOTIME,
		.task_p95 = PIPELINE_NOTIME,
	};
}

static void
plan_part(void *mem, struct pipeline *p, const struct part *part, bool emr)
{
	const char **names;
	size_t n;

	if (emr && !strcmp(part->task, "transform")) {
		for (size_t i = 0; i < sizeof(emr_steps) / sizeof(*emr_steps); i++)
			plan_add(mem, p, part, emr_steps[i]);
		return;
	}
	if (!part->folder) {
		plan_add(mem, p, part, part->begin);
		return;
	}
	sql_list(mem, part->folder, &names, &n);
	for (size_t i = 0; i < n; i++) {
		if (!strncmp(names[i], part->begin, strlen(part->begin)))
			plan_add(mem, p, part, names[i]);
	}
}

static void
plan(void *mem, struct pipeline *p, bool setup)
{
	const char *engine = rows_get(p->run, 0, "engine");
	bool emr = engine && !strcmp(engine, "emr");
	const struct part *part = setup ? setup_parts : run_parts;

	p->steps = mem_array(mem, struct pipeline_step, PIPELINE_STEPS);
	for (; part->task; part++)
		plan_part(mem, p, part, emr);
	for (; p->n_stages < PIPELINE_STAGES && stage_names[setup][p->n_stages]; p->n_stages++)
		p->stages[p->n_stages].name = stage_names[setup][p->n_stages];
}

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

/* The last attempt of a task; n: none.  Rows come by attempt. */
static size_t
task_last(const struct rows *tasks, const char *task)
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
	size_t t = task_last(tasks, s->task);
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
	const char *states[PIPELINE_STEPS];
	size_t t = task_last(tasks, p->steps[first].task);

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

static void
fill(struct pipeline *p, const struct rows *tasks, const struct rows *steps,
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

/* --- the end of a task's log --- */

static struct err *
tail_fetch(void *mem, const struct feed_call *call, struct pipeline *p, const struct rows *tasks)
{
	AUTO_MEM void *tmp = mem_root();
	const char *run = rows_get(p->run, 0, "run"), *task = call->want->task;
	struct lake *lake;

	if (!*task)
		task = p->steps[p->focus].task;
	size_t t = task_last(tasks, task);
	TRY(lake_open(tmp, call->settings, &lake));
	p->log_task = mem_strdup(mem, task);
	if (t < tasks->n)
		TRY(logtail_read(mem, lake,
				 mem_printf(tmp, "run-log/%s/%s.a%s.log", run, task,
					    rows_get(tasks, t, "attempt")),
				 &p->log));
	if (p->log && p->log->n)
		return NULL;
	/* A task logs little before its end; its worker may have said something. */
	p->log_is_workers = true;
	return logtail_read(mem, lake, mem_printf(tmp, "run-log/%s/worker.log", run), &p->log);
}

/* --- one fetch --- */

static struct err *
pipeline_pick(void *mem, const struct feed_call *call, long long *run)
{
	const char *params[] = { run_warehouse_name(mem, call->settings),
				 call->want->setup ? "setup" : "pipeline" };
	struct rows *r;

	*run = call->want->run;
	if (*run)
		return NULL;
	TRY(ledger_read(mem, call->ledger, "pipeline_run", params, 2, &r));
	*run = r->n ? rows_int(r, 0, "id") : 0;
	return NULL;
}

static struct err *
pipeline_fetch(void *mem, const struct feed_call *call, const void **view)
{
	struct pipeline *p = mem_new(mem, struct pipeline);
	struct run_view run;
	struct rows *past;
	long long id;

	*view = p;
	p->left_ms = -1;
	TRY(counts_fetch(mem, call->settings, call->ledger, false, &p->counts));
	TRY(pipeline_pick(mem, call, &id));
	if (!id) {
		p->run = rows_new(mem, 0);
		return NULL;
	}
	const char *param = mem_printf(mem, "%lld", id);
	TRY(runs_show(mem, call->ledger, id, &run));
	TRY(ledger_read(mem, call->ledger, "pipeline_past", &param, 1, &past));
	p->run = run.run;
	plan(mem, p, !strcmp(rows_get(p->run, 0, "pipeline"), "setup"));
	fill(p, run.tasks, run.steps, past);
	TRY(why_fetch(mem, call->ledger, p->run, run.tasks, &p->why));
	/* A log that cannot be read hides nothing else. */
	err_free(tail_fetch(mem, call, p, run.tasks));
	if (p->log && *call->want->at)
		p->log = logtail_until(mem, p->log, call->want->at);
	return NULL;
}

const struct feed_source feed_pipeline = { pipeline_fetch };
