/* Files that EMR Serverless and Airflow take from bucket source; embedded at build time. */
#ifndef BIKEOPS_RUN_DEPLOY_H
#define BIKEOPS_RUN_DEPLOY_H

#include "base/err.h"
#include "lake/lake.h"

struct deploy_file {
	const char *key; /* "script/spark_job.py" */
	const char *text;
};

extern const struct deploy_file deploy_files[]; /* generated; ends with a NULL key */

/* Put them there; those that are there already stay as they are. */
struct err *deploy_keep(struct lake *lake) MUST_CHECK;

#endif
