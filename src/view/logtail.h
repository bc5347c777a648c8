/* The last lines of one log file of this host. */
#ifndef BIKEOPS_VIEW_LOGTAIL_H
#define BIKEOPS_VIEW_LOGTAIL_H

#include "base/err.h"
#include "base/rows.h"
#include "lake/lake.h"

/* key in bucket log; rows: time, level, message, the last at the end.  One that is not there yet
 * is an empty one. */
struct err *logtail_read(void *mem, struct lake *lake, const char *key, struct rows **out)
	MUST_CHECK;
/* Those until that moment; one without a time belongs to the one above. */
struct rows *logtail_until(void *mem, const struct rows *r, const char *at);

#endif
