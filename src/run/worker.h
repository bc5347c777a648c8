/* A run from its row in the ledger to its end, in this process. */
#ifndef BIKEOPS_RUN_WORKER_H
#define BIKEOPS_RUN_WORKER_H

#include "base/err.h"
#include "base/settings.h"

/*
 * Do run id, whose row is there: from its manifest on where an earlier attempt wrote one.
 * Its end stands in the ledger, also when this fails.
 */
struct err *worker_run(const struct settings *settings, long long id) MUST_CHECK;

#endif
