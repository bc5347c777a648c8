/*
 * The logs that others write to bucket log of S3, as files beside a run's own: those of tasks on
 * other hosts, of EMR's driver and executors, and of Airflow.  An object is read again only where
 * it changed, and what was read of it before is not written twice.
 */
#ifndef BIKEOPS_VIEW_LOGMIRROR_H
#define BIKEOPS_VIEW_LOGMIRROR_H

#include "base/err.h"
#include "base/settings.h"

struct logmirror; /* opaque; one thread at a time */

/*
 * For a profile whose lake is S3.
 *
 * airflow   the run's place in the log bucket: "dag_id=D/run_id=R", or NULL
 * budget_s  for one call to S3
 */
struct err *logmirror_open(void *mem, const struct settings *settings, long long run,
			   const char *airflow, int budget_s, struct logmirror **out) MUST_CHECK;
/* Look; does nothing within a second of the last time, nor while another process mirrors the run.
 */
struct err *logmirror_look(struct logmirror *m) MUST_CHECK;

#endif
