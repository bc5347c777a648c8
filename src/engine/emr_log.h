/* The log of a Spark driver, which EMR writes anew as a whole every 15 s. */
#ifndef BIKEOPS_ENGINE_EMR_LOG_H
#define BIKEOPS_ENGINE_EMR_LOG_H

#include "base/err.h"
#include "remote/s3.h"

#include <stdbool.h>

struct emr_log; /* opaque */

/* logs: the job's, as struct emr_job has it; name: "stdout", "stderr" */
struct emr_log *emr_log_new(void *mem, struct s3 *s3, const char *logs, const char *name);
/*
 * Give the whole lines that were not given before.
 * changed  it is another object than the last time
 * errors   not that it is not there yet
 */
struct err *emr_log_read(struct emr_log *log, void (*line)(void *arg, const char *text), void *arg,
			 bool *changed) MUST_CHECK;

#endif
