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

#endif
