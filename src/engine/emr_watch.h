/* What the files of the EMR engine share: its handles, and the wait for a job. */
#ifndef BIKEOPS_ENGINE_EMR_WATCH_H
#define BIKEOPS_ENGINE_EMR_WATCH_H

#include "engine/emr.h"
#include "remote/s3.h"

struct emr_engine {
	struct emr_config config;
	struct emr *emr;
	struct emr *deaf; /* goes on after a cancel */
	struct s3 *s3;
};

/* Also after a cancel. */
void emr_pause(int ms);
/* Cancel a job and wait until it is over, so that it writes nothing later.
 * errors  ERR_TIMEOUT: it does not end */
struct err *emr_watch_cancel(void *mem, struct emr_engine *e, const char *application,
			     const char *job, struct progress *progress, struct emr_job *out)
	MUST_CHECK;

#endif
