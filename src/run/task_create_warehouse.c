#include "run/cost.h"
#include "run/run.h"

static bool
create_due(const struct run *run)
{
	return !run->request.uninstall;
}

static struct err *
create_warehouse(struct run *run)
{
	struct warehouse *w;

	TRY(run_warehouse(run, &w));
	if (run->request.recreate) /* it speaks of rows that are no more */
		TRY(warehouse_drop(w));
	TRY(warehouse_install(w, settings_get(run->settings, "business_timezone")));
	cost_workgroup(run);
	return NULL;
}

const struct task task_create_warehouse = {
	.name = "create_warehouse",
	.tries = 3,
	.due = create_due,
	.work = create_warehouse,
};
