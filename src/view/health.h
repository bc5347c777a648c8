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

/*
 * What does not answer is a row, not an error.
 * asked  by somebody, not by a timer: libduckdb is loaded, which then stays in the process, and a
 *        warehouse is asked that bills each question
 */
void health_fetch(void *mem, const struct settings *settings, bool asked, struct health *out);

/* "ok", "warn" or "fail" of a disk with so many bytes free. */
const char *health_disk_state(long long free_bytes);

#endif
