#include "run/heart.h"
#include "run/run.h"

static bool
create_due(const struct run *run)
{
	return !run->request.uninstall;
}

static struct err *
create_triggers(struct run *run)
{
	struct source *source;

	TRY(run_source(run, &source));
	return source_install_capture(source, run->warehouse_name, heart_progress(run->heart));
}

const struct task task_create_triggers = {
	.name = "create_triggers",
	.tries = 3,
	.due = create_due,
	.work = create_triggers,
};
