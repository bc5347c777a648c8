/* What Redshift needs beside a session: its login, its control API, what it costs. */
#ifndef BIKEOPS_WAREHOUSE_REDSHIFT_H
#define BIKEOPS_WAREHOUSE_REDSHIFT_H

#include "warehouse/session.h"

/* What the profile must say, and how to log in.  ERR_CONFIG: it loads from S3 alone. */
struct err *redshift_prepare(struct warehouse *w) MUST_CHECK;
/* Whom the control API is asked as. */
struct err *redshift_aws(void *mem, const struct settings *settings, struct aws **out) MUST_CHECK;

/* Around what the server is asked: billed by the second, a minute at least.  Nothing on PostgreSQL.
 */
void redshift_busy(struct warehouse *w);
void redshift_idle(struct warehouse *w);

#endif
