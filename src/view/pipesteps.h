/* How far each step of a pipeline is, and what follows of it. */
#ifndef BIKEOPS_VIEW_PIPESTEPS_H
#define BIKEOPS_VIEW_PIPESTEPS_H

#include "view/pipeline.h"

#define PIPELINE_STEPS	64
#define PIPELINE_NOTIME (-1LL)

/* The last attempt of a task; tasks->n: none.  Rows come by attempt. */
size_t pipeline_task(const struct rows *tasks, const char *task);
/* Fill the steps of p, whose room is PIPELINE_STEPS, from what the ledger has of its run. */
void pipeline_fill(struct pipeline *p, const struct rows *tasks, const struct rows *steps,
		   const struct rows *past);

#endif
