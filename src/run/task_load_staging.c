#include "run/heart.h"
#include "run/layers.h"
#include "run/run.h"

static bool
load_due(const struct run *run)
{
	return !run->published;
}

static struct err *
load_staging(struct run *run)
{
	struct warehouse *w;
	struct engine *engine;
	struct lake *lake;

	TRY(run_lake(run, &lake));
	TRY(run_engine(run, &engine));
	TRY(run_warehouse(run, &w));
	run->batch->next.first_year = run->staging->first_year;
	run->batch->next.last_year = run->staging->last_year;
	TRY(warehouse_load(w, engine, lake, run->batch, run->staging, heart_progress(run->heart)));
	run_drop_engine(run);
	return layers_staged(run, "staging");
}

const struct task task_load_staging = {
	.name = "load_staging",
	.tries = 3,
	.due = load_due,
	.work = load_staging,
};
