/* Ask a run to end. */
#ifndef BIKEOPS_OPS_CANCEL_H
#define BIKEOPS_OPS_CANCEL_H

#include "base/err.h"
#include "base/settings.h"

/*
 * Its worker ends it.  Where that is dead the run ends here, and so does the Spark job that it
 * left; also that of a run which failed before.
 *
 * ended   as of spark_end(); NULL: nothing was left
 * errors  ERR_REFUSED: neither is at work
 */
struct err *cancel_run(void *mem, const struct settings *settings, long long id, const char **ended)
	MUST_CHECK;

#endif
