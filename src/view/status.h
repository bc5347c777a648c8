/* How it stands, told by the ledger and this host alone: true also when all else is down. */
#ifndef BIKEOPS_VIEW_STATUS_H
#define BIKEOPS_VIEW_STATUS_H

#include "base/err.h"
#include "base/rows.h"
#include "base/settings.h"

struct ledger;

struct status {
	const char *profile;
	const char *stack;   /* the embedded one: "up", "down", "none"; NULL: other databases */
	const char *home;    /* of the embedded stack, or NULL */
	const char *state;   /* "empty", "unreachable", "idle", or that of the run at work */
	const char *next;    /* the command that goes on from here, or NULL */
	struct rows *now;    /* the run at work, as in runs.h: no row or one */
	struct rows *last;   /* the last one that ended */
	struct rows *tasks;  /* of the one at work */
	struct rows *steps;  /* likewise */
	struct rows *behind; /* runs, oldest, newest, since_at of what failed and is not covered */
	struct err *unreached; /* why there is nothing of the ledger; the caller ends it */
};

/*
 * The same by a session that is open already; l NULL: why tells the reason, and is *out's.
 * errors  of the session: what came before it is lost
 */
struct err *status_read(void *mem, const struct settings *settings, struct ledger *l,
			struct err *why, struct status *out) MUST_CHECK;
/* at: as the ledger knows it of that moment, or NULL. */
struct err *status_fetch(void *mem, const struct settings *settings, const char *at,
			 struct status *out) MUST_CHECK;

#endif
