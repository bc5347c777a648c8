#include "run/heart.h"
#include "run/layers.h"
#include "run/manifest.h"
#include "run/run.h"

static bool
transform_due(const struct run *run)
{
	return !run->staging && !run->published;
}

static struct err *
transform(struct run *run)
{
	struct engine *engine;
	struct lake *lake;

	run->batch->attempt = run->attempt;
	TRY(run_lake(run, &lake));
	TRY(run_engine(run, &engine));
	TRY(ledger_run_set(run->ledger, run->id, "engine", "duckdb"));
	TRY(engine_transform(run, engine, run->batch, &run->staging, heart_progress(run->heart)));
	TRY(staging_write(lake, run->batch, run->staging));
	return layers_staged(run, "processed");
}

const struct task task_transform = {
	.name = "transform",
	.tries = 1,
	.due = transform_due,
	.work = transform,
};
