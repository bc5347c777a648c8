/*
 * What is to do, as the Spark job reads it: PREFIX/job.aN.json in bucket processed.  Beside that
 * it has the request that starts the job, which so can be sent again as it was.
 */
#ifndef BIKEOPS_RUN_SPARK_OBJECT_H
#define BIKEOPS_RUN_SPARK_OBJECT_H

#include "run/run.h"

struct spark_object {
	int attempt; /* 0: none is there */
	const char *key;
	long long written_s; /* seconds since 1970 UTC */
	const char *application, *name, *request;
};

/* PREFIX/job.aN.json of b's attempt. */
char *spark_object_key(void *mem, const struct batch *b);
/* ERR_CONFLICT: it is there. */
struct err *spark_object_write(struct run *run, struct lake *lake, const struct spark_object *o)
	MUST_CHECK;
/* The one with the highest number; attempt 0: there is none. */
struct err *spark_object_newest(void *mem, struct lake *lake, const struct batch *b,
				struct spark_object *out) MUST_CHECK;

#endif
