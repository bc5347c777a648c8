#include "base/mem.h"
#include "run/cost.h"
#include "run/run.h"
#include "run/spark.h"

/* What publish left: its books, told to the ledger; the source may trim up to S(k). */
static struct err *
clear_staging(struct run *run)
{
	AUTO_MEM void *tmp = mem_root();
	const struct batch *b = run->batch;
	struct warehouse *w;
	struct source *source;
	struct rows *rows;

	TRY(run_warehouse(run, &w));
	TRY(run_source(run, &source));
	TRY(warehouse_clear(w, b));
	TRY(warehouse_books(tmp, w, b->next.k - 1, &rows));
	TRY(ledger_books_put(run->ledger, run->warehouse_name, rows));
	if (run->counted) {
		TRY(warehouse_counts(tmp, w, &rows));
		TRY(ledger_layer_put(run->ledger, run->id, "serving", rows));
	}
	cost_workgroup(run);
	TRY(source_consumed(source, run->warehouse_name, &b->next));
	return spark_bill(run);
}

const struct task task_clear_staging = {
	.name = "clear_staging",
	.tries = 3,
	.work = clear_staging,
};
