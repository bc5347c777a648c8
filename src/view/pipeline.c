#include "view/pipesteps.h"

#include "base/mem.h"
#include "base/sql.h"
#include "lake/lake.h"
#include "run/run.h"
#include "view/logtail.h"
#include "view/runs.h"

#include <string.h>

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

/* --- the end of a task's log --- */

static struct err *
tail_fetch(void *mem, const struct feed_call *call, struct pipeline *p, const struct rows *tasks)
{
	AUTO_MEM void *tmp = mem_root();
	const char *run = rows_get(p->run, 0, "run"), *task = call->want->task;
	struct lake *lake;

	if (!*task)
		task = p->steps[p->focus].task;
	size_t t = pipeline_task(tasks, task);
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
	pipeline_fill(p, run.tasks, run.steps, past);
	TRY(why_fetch(mem, call->ledger, p->run, run.tasks, &p->why));
	/* A log that cannot be read hides nothing else. */
	err_free(tail_fetch(mem, call, p, run.tasks));
	if (p->log && *call->want->at)
		p->log = logtail_until(mem, p->log, call->want->at);
	return NULL;
}

const struct feed_source feed_pipeline = { pipeline_fetch };
