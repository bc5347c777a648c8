#include "run/dataset.h"
#include "run/heart.h"
#include "run/run.h"

#include <string.h>

static bool
import_due(const struct run *run)
{
	return run->request.dataset != NULL;
}

static struct err *
import_source(struct run *run)
{
	struct source *source;
	struct lake *lake;

	TRY(run_source(run, &source));
	TRY(run_lake(run, &lake));
	if (!strcmp(settings_get(run->settings, "source"), "aws_s3")) /* RDS reads them there */
		TRY(dataset_keep(lake, run->request.dataset));
	TRY(source_import(source, run->request.dataset,
			  settings_get(run->settings, "business_timezone"), run->request.recreate,
			  heart_progress(run->heart)));
	return dataset_keep(lake, run->request.dataset);
}

const struct task task_import_source = {
	.name = "import_source",
	.tries = 1,
	.due = import_due,
	.work = import_source,
};
