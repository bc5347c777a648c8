/* Applications and jobs of EMR Serverless, asked for now; and what runs cost. */
#ifndef BIKEOPS_VIEW_EMR_H
#define BIKEOPS_VIEW_EMR_H

#include "base/err.h"
#include "base/rows.h"
#include "base/settings.h"
#include "remote/emr_serverless.h"

struct err *emr_view_open(void *mem, const struct settings *settings, struct emr **out) MUST_CHECK;

/* application, name, state, release, idle_minutes, warm_vcpu, warm_gb, usd_per_hour, max_cpu,
 * max_memory, updated_at.  usd_per_hour: what its warm workers cost now. */
struct err *emr_view_apps(void *mem, const struct settings *settings, struct emr *emr,
			  struct rows **out) MUST_CHECK;
/* The profile's application as a check of doctor's: name, value, limit, state, hint. */
struct err *emr_view_checks(void *mem, const struct settings *settings, struct rows **out)
	MUST_CHECK;
/* job, application, name, state, attempt, created_at, updated_at, details; of one application, or
 * NULL for all. */
struct err *emr_view_jobs(void *mem, struct emr *emr, const char *application, struct rows **out)
	MUST_CHECK;
/* Whose job is it?  application NULL: look in all.  ERR_NOTFOUND */
struct err *emr_view_find(void *mem, struct emr *emr, const char *application, const char *job,
			  struct emr_job *out) MUST_CHECK;
/* As of jobs, and started_at, ended_at, billed, vcpu_h, memory_gb_h, storage_gb_h, log. */
struct rows *emr_view_job(void *mem, const struct emr_job *job);
/* attempt, state, created_at, updated_at, details */
struct err *emr_view_attempts(void *mem, struct emr *emr, const struct emr_job *job,
			      struct rows **out) MUST_CHECK;

#endif
