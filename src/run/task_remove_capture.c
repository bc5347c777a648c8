#include "run/run.h"

static bool
remove_due(const struct run *run)
{
	return run->request.uninstall;
}

static struct err *
remove_capture(struct run *run)
{
	struct source *source;

	TRY(run_source(run, &source));
	return source_remove_capture(source, run->request.drop_audit);
}

const struct task task_remove_capture = {
	.name = "remove_capture",
	.tries = 3,
	.due = remove_due,
	.work = remove_capture,
};
