#include "run/run.h"

/* With --recreate the old rows stay until the import has proved the new ones. */
static bool
create_due(const struct run *run)
{
	return !run->request.recreate && !run->request.uninstall;
}

static struct err *
create_source(struct run *run)
{
	struct source *source;

	TRY(run_source(run, &source));
	if (run->request.adopt)
		return source_adopt(source);
	return run->request.dataset ? source_create(source) : source_adopted(source);
}

const struct task task_create_source = {
	.name = "create_source",
	.tries = 1,
	.due = create_due,
	.work = create_source,
};
