#include "run/dataset.h"
#include "run/deploy.h"
#include "run/run.h"

#include <string.h>

static bool
on_s3(const struct run *run)
{
	return !strcmp(settings_get(run->settings, "lake"), "s3");
}

static bool
dataset_due(const struct run *run)
{
	return run->request.dataset || on_s3(run);
}

/* Look before anything is dropped or made. */
static struct err *
prepare_dataset(struct run *run)
{
	struct lake *lake;

	if (run->request.dataset)
		TRY(dataset_check(run->request.dataset));
	if (!on_s3(run))
		return NULL;
	TRY(run_lake(run, &lake));
	return deploy_keep(lake);
}

const struct task task_prepare_dataset = {
	.name = "prepare_dataset",
	.tries = 1,
	.due = dataset_due,
	.work = prepare_dataset,
};
