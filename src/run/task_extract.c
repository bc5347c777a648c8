#include "base/mem.h"
#include "run/heart.h"
#include "run/layers.h"
#include "run/manifest.h"
#include "run/run.h"

static bool
extract_due(const struct run *run)
{
	return !run->manifest;
}

/* A retry writes beside its forerunner, in a snapshot of its own. */
static struct err *
extract(struct run *run)
{
	struct batch *b = run->batch;
	const char **orders = NULL;
	struct rows *totals;
	struct warehouse *w;
	struct source *source;
	struct lake *lake;
	size_t n = 0;

	b->attempt = run->attempt;
	TRY(run_lake(run, &lake));
	TRY(run_source(run, &source));
	if (b->mode == BATCH_BACKFILL) {
		TRY(run_warehouse(run, &w));
		TRY(warehouse_fact_orders(b, w, b->from, b->to, &orders, &n));
	}
	TRY(source_extract(source, lake, b, orders, n, heart_progress(run->heart), &totals));
	TRY(manifest_write(run, lake, b, &run->manifest));
	TRY(ledger_run_set(run->ledger, run->id, "manifest", run->manifest));
	run->counted = totals != NULL;
	if (totals)
		TRY(ledger_layer_put(run->ledger, run->id, "source", totals));
	return layers_raw(run);
}

const struct task task_extract = {
	.name = "extract",
	.tries = 3,
	.due = extract_due,
	.work = extract,
};
