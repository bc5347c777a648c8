/*
 * Applications and jobs of Spark on EMR Serverless.  Source: its API of 2021-07-13.
 * States are texts: one that is not known here is given as it is.
 */
#ifndef BIKEOPS_REMOTE_EMR_SERVERLESS_H
#define BIKEOPS_REMOTE_EMR_SERVERLESS_H

#include "base/err.h"
#include "remote/aws.h"

#include <stdbool.h>
#include <stddef.h>

struct emr; /* opaque; one thread at a time */

/*
 * Any call: errors of aws_call(), with the permission that is missing or the quota to raise as
 * their hint; ERR_REMOTE where the answer is no JSON.
 */
struct err *emr_open(void *mem, const struct aws_config *config, struct emr **out) MUST_CHECK;
struct err *emr_region(struct emr *emr, const char **region) MUST_CHECK;
/* What to do about a text of the service's: of an error, of stateDetails; NULL: unknown. */
const char *emr_cure(void *mem, const char *text);

/* --- applications --- */

/* Texts are never NULL; times are seconds since 1970 UTC, 0: none. */
struct emr_application {
	const char *id, *name, *state, *details, *release;
	long long created_s, updated_s;
	/* below: 0 and "" in a list */
	bool auto_start, auto_stop;
	int idle_minutes;		  /* until it stops by itself */
	double warm_vcpu, warm_gb;	  /* initialCapacity: billed while it is started */
	const char *max_cpu, *max_memory; /* "8 vCPU", "32 GB" */
};

struct emr_application_spec {
	const char *name, *release;
	const char *token; /* the same makes it once */
	int idle_minutes;
	int max_vcpu, max_gb;
};

struct err *emr_application_create(void *mem, struct emr *emr,
				   const struct emr_application_spec *spec, const char **id)
	MUST_CHECK;
struct err *emr_application_get(void *mem, struct emr *emr, const char *id,
				struct emr_application *out) MUST_CHECK;
/* [n] of all states but TERMINATED. */
struct err *emr_application_list(void *mem, struct emr *emr, struct emr_application **list,
				 size_t *n) MUST_CHECK;
struct err *emr_application_start(struct emr *emr, const char *id) MUST_CHECK;
struct err *emr_application_stop(struct emr *emr, const char *id) MUST_CHECK;
/* Only of one that was never started, or is stopped. */
struct err *emr_application_delete(struct emr *emr, const char *id) MUST_CHECK;

/* --- jobs --- */

struct emr_usage {
	bool known;
	double vcpu_h, memory_gb_h, storage_gb_h;
};

struct emr_job {
	const char *id, *application, *name, *state, *details;
	int attempt; /* of EMR's own, from 1 */
	long long created_s, updated_s;
	/* below: 0 or NULL in a list */
	const char *logs; /* "s3://BUCKET/../jobs/ID/", NULL where it writes none there */
	long long started_s, ended_s;
	struct emr_usage used;	 /* known once it is over */
	struct emr_usage billed; /* some time later */
};

struct emr_job_spec {
	const char *name, *token, *role_arn;
	const char *entry;	 /* s3://.. of the script */
	const char *const *args; /* [n_args] */
	size_t n_args;
	const char *parameters; /* "--conf a=b .." */
	const char *log_uri;	/* s3://../: the logs lie below */
	int timeout_minutes;
};

/* Is it SUCCESS, FAILED or CANCELLED? */
bool emr_job_over(const char *state);
/* The request that starts it, as text: the same text starts it once. */
char *emr_job_request(void *mem, const struct emr_job_spec *spec);
struct err *emr_job_start(void *mem, struct emr *emr, const char *application, const char *request,
			  const char **id) MUST_CHECK;
struct err *emr_job_get(void *mem, struct emr *emr, const char *application, const char *id,
			struct emr_job *out) MUST_CHECK;
/* [n] made since then (0: ever), the newest first. */
struct err *emr_job_list(void *mem, struct emr *emr, const char *application, long long since_s,
			 struct emr_job **list, size_t *n) MUST_CHECK;
/* [n] tries of one job. */
struct err *emr_job_attempts(void *mem, struct emr *emr, const char *application, const char *id,
			     struct emr_job **list, size_t *n) MUST_CHECK;
/* One that is over already is no error. */
struct err *emr_job_cancel(struct emr *emr, const char *application, const char *id) MUST_CHECK;

#endif
