/* May a window begin after the last one, and where does it end? */
#ifndef BIKEOPS_SOURCE_GUARD_H
#define BIKEOPS_SOURCE_GUARD_H

#include "source/session.h"

#include <stdbool.h>

/* All texts are the guard's memory's. */
struct guard {
	const char *s; /* pg_current_snapshot() */
	const char *epoch;
	const char *run_day;
	const char *seq, *xid, *at; /* of the last journal row that is visible, or NULL */
	const char *must_full;	    /* or NULL */
};

/* Before the transaction: ERR_REFUSED for a standby, ERR_CONFIG without capture. */
struct err *guard_server(struct pg *pg) MUST_CHECK;
/*
 * In it, once source_settings() stands.
 * errors  ERR_REFUSED: a trigger or a column that capture needs is not as it was
 */
struct err *guard_window(void *mem, struct pg *pg, const struct watermark *prev, struct guard *out)
	MUST_CHECK;
/* How prev's window began in the settings: "" for none. */
const char *guard_snapshot(const struct watermark *prev);
/* The zone of business days, UTC before the warehouse says. */
const char *guard_timezone(const struct watermark *prev);

#endif
