/* Start a run: in this process, or by a worker that outlives it. */
#ifndef BIKEOPS_OPS_START_H
#define BIKEOPS_OPS_START_H

#include "base/err.h"
#include "base/settings.h"
#include "run/run.h"

/* Write the run down, queued.  ERR_REFUSED: the profile does not allow it. */
struct err *start_new(const struct settings *settings, const struct run_request *request,
		      long long *id) MUST_CHECK;
/* May run id go on?  ERR_REFUSED: it is done; ERR_LOCKED: it runs. */
struct err *start_again(const struct settings *settings, long long id) MUST_CHECK;
/*
 * Exec a worker for run id and wait until it has the lease and its window.
 * config  the --config file to give it, or NULL
 * errors  the worker's own
 */
struct err *start_worker(const struct settings *settings, const char *config, long long id)
	MUST_CHECK;

#endif
