/* The log of one attempt at a task: run-log/RUN/TASK.aN.log in the log bucket. */
#ifndef BIKEOPS_RUN_JOBLOG_H
#define BIKEOPS_RUN_JOBLOG_H

#include "run/run.h"

struct joblog; /* what is logged goes to it until it is freed */

struct err *joblog_open(void *mem, struct run *run, const char *task, struct joblog **out)
	MUST_CHECK;

#endif
