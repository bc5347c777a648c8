/* Does the tasks of one run in order: attempts, retries, records, logs. */
#ifndef BIKEOPS_RUN_RUNNER_H
#define BIKEOPS_RUN_RUNNER_H

#include "run/run.h"

/* The first error ends it; the ledger has the tasks and steps, not yet the run's end. */
struct err *runner_run(struct run *run, const struct task *const *tasks) MUST_CHECK;

#endif
