/*
 * The engine on EMR Serverless: an application, and one Spark job for a batch.  What is told of
 * it goes to the steps transform.{create_spark_app,submit_spark_job,check_spark_job,
 * delete_spark_app} of progress.
 */
#ifndef BIKEOPS_ENGINE_EMR_H
#define BIKEOPS_ENGINE_EMR_H

#include "base/err.h"
#include "base/progress.h"
#include "pipeline/price.h"
#include "remote/emr_serverless.h"

#include <stdbool.h>

struct emr_engine; /* opaque; one thread at a time */

struct emr_config {
	const char *region;	 /* "": as the AWS tools find it */
	const char *application; /* an id, "persistent" or "ephemeral" */
	const char *name;	 /* of an application that is made */
	const char *release, *role_arn;
	int max_vcpu; /* of an application that is made, and of a job */
};

/* config's texts are borrowed. */
struct err *emr_engine_open(void *mem, const struct emr_config *config, struct emr_engine **out)
	MUST_CHECK;
struct err *emr_engine_region(struct emr_engine *e, const char **region) MUST_CHECK;

/* The application, found by its name or made; the same token makes it once.  It accepts jobs. */
struct err *emr_engine_application(void *mem, struct emr_engine *e, const char *token,
				   struct progress *progress, const char **id) MUST_CHECK;

/* The application of config's name; NULL: there is none. */
struct err *emr_engine_named(void *mem, struct emr_engine *e, const char **id) MUST_CHECK;

struct emr_task {
	const char *name;	     /* of the job: no other has it */
	const char *token;	     /* the same starts it once */
	const char *script, *object; /* s3://.. what runs, and its only argument */
	const char *logs;	     /* "s3://../", below which its logs come to lie */
	long long bytes;	     /* of the raw files: how many executors */
};
/* The request that starts the job: kept, so that it can be sent again as it was. */
char *emr_engine_request(void *mem, const struct emr_engine *e, const struct emr_task *task);
/* Where a cancel comes between, no job is left. */
struct err *emr_engine_submit(void *mem, struct emr_engine *e, const char *application,
			      const char *name, const char *request, struct progress *progress,
			      const char **job) MUST_CHECK;
/* Is it there, and not deleted? */
struct err *emr_engine_alive(struct emr_engine *e, const char *application, bool *alive) MUST_CHECK;
/* The newest job of that name, made since then; id NULL: none, or no such application. */
struct err *emr_engine_find(void *mem, struct emr_engine *e, const char *application,
			    const char *name, long long since_s, struct emr_job *out) MUST_CHECK;
/*
 * Wait until the job is over, and tell how far it is.  A cancel ends the job first.
 *
 * rows    that it will read
 * hourly  what it costs an hour, as of emr_hourly(); 0: not known
 * out     the job as it was seen last; its id is NULL before
 * errors  ERR_REMOTE: it failed, with its reason; ERR_CANCELLED; ERR_NET, ERR_TIMEOUT: EMR has not
 *         answered for long, and the job goes on
 */
struct err *emr_engine_watch(void *mem, struct emr_engine *e, const char *application,
			     const char *job, long long rows, long long hourly,
			     struct progress *progress, struct emr_job *out) MUST_CHECK;
/* Cancel a job and wait until it is over, so that it writes nothing later; also after a cancel.
 * errors  ERR_TIMEOUT: it does not end */
struct err *emr_engine_cancel(void *mem, struct emr_engine *e, const char *application,
			      const char *job, struct progress *progress, struct emr_job *out)
	MUST_CHECK;
/* Stop and delete an application that was made for one run, unless a job is at work on it; also
 * after a cancel. */
struct err *emr_engine_drop(struct emr_engine *e, const char *application,
			    struct progress *progress) MUST_CHECK;
/* What is billed, once that is known; waits for it until so long after the job's end. */
struct err *emr_engine_bill(void *mem, struct emr_engine *e, const char *application,
			    const char *job, int seconds, struct emr_job *out) MUST_CHECK;

/* How long until the job is looked at again; pure. */
int emr_poll_ms(const char *state, long long age_ms);
/* "--conf .." for so many raw bytes within so many vCPU; pure. */
char *emr_parameters(void *mem, int max_vcpu, long long bytes);
/* What the workers of such a job cost an hour, in 1e-9 USD; pure. */
long long emr_hourly(int max_vcpu, long long bytes, const struct price *price);

#endif
