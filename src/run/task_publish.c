#include "base/mem.h"
#include "run/heart.h"
#include "run/run.h"

static bool
publish_due(const struct run *run)
{
	return !run->published;
}

static struct err *
publish(struct run *run)
{
	AUTO_MEM void *tmp = mem_root();
	struct warehouse *w;

	TRY(run_warehouse(run, &w));
	TRY(warehouse_publish(w, run->batch, run->staging, heart_progress(run->heart)));
	return ledger_run_set(run->ledger, run->id, "k",
			      mem_printf(tmp, "%lld", run->batch->next.k));
}

const struct task task_publish = {
	.name = "publish",
	.tries = 3,
	.due = publish_due,
	.work = publish,
};
