#include "run/run.h"

/* With --recreate the old rows stay until the import has proved the new ones. */
static bool
create_due(const struct run *run)
{
	return !run->request.recreate;
}

static struct err *
create_source(struct run *run)
{
	struct source *source;

	TRY(run_source(run, &source));
	return source_create(source, run->request.dataset != NULL);
}

const struct task task_create_source = {
	.name = "create_source",
	.tries = 1,
	.due = create_due,
	.work = create_source,
};
