#include "run/dataset.h"
#include "run/run.h"

static bool
dataset_due(const struct run *run)
{
	return run->request.dataset != NULL;
}

/* Look before anything is dropped or made. */
static struct err *
prepare_dataset(struct run *run)
{
	return dataset_check(run->request.dataset);
}

const struct task task_prepare_dataset = {
	.name = "prepare_dataset",
	.tries = 1,
	.due = dataset_due,
	.work = prepare_dataset,
};
