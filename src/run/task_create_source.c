#include "run/run.h"

/*
 * A store that is there stays, but for --recreate: then everything that was made
 * from it goes too, as it would speak of rows that are no more.
 */
static struct err *
create_source(struct run *run)
{
	struct source *source;
	struct warehouse *w;

	TRY(run_source(run, &source));
	if (run->request.recreate) {
		TRY(run_warehouse(run, &w));
		TRY(warehouse_drop(w));
		TRY(source_drop(source));
	}
	return source_create(source, run->request.dataset != NULL);
}

const struct task task_create_source = {
	.name = "create_source",
	.tries = 1,
	.work = create_source,
};
