/* What the program depends on, looked at now: by doctor. */
#ifndef BIKEOPS_VIEW_HEALTH_H
#define BIKEOPS_VIEW_HEALTH_H

#include "base/rows.h"
#include "base/settings.h"

#include <stdbool.h>
#include <stddef.h>

struct health {
	struct rows *checks;   /* check, value, limit, state (ok, warn, fail, unknown), hint */
	struct rows *settings; /* setting, value, origin */
	size_t failed;
	bool unreached; /* something could not be reached or logged in to */
};

/* Who asks, and how far that goes. */
enum health_depth {
	HEALTH_TIMER, /* the console's */
	HEALTH_ASKED, /* libduckdb is loaded, which then stays in the process, S3 is asked, and a
		       * warehouse that bills each question */
	HEALTH_WRITE, /* an object is written into each bucket, and removed */
};

/* What does not answer is a row, not an error. */
void health_fetch(void *mem, const struct settings *settings, enum health_depth depth,
		  struct health *out);

/* "ok", "warn" or "fail" of a disk with so many bytes free. */
const char *health_disk_state(long long free_bytes);

#endif
