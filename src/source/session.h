/* The session of a struct source, shared by the files beside. */
#ifndef BIKEOPS_SOURCE_SESSION_H
#define BIKEOPS_SOURCE_SESSION_H

#include "base/err.h"
#include "remote/pg.h"
#include "source/source.h"

struct source {
	struct pg *pg; /* NULL after a failure that it did not outlive */
	const struct settings *settings;
	const char *dsn, *where, *role, *app;
	struct pg_login *login; /* by token, or NULL: the DSN's */
};

/* Another session of the same login. */
struct err *source_session(void *mem, const struct source *s, struct pg **out) MUST_CHECK;
/* s->pg is there, if need be a new one. */
struct err *source_ready(struct source *s) MUST_CHECK;
/* Run the script begin and job in one transaction: all that job wrote stays, or nothing. */
struct err *source_transact(struct source *s, const char *begin,
			    struct err *(*job)(struct source *s, void *arg), void *arg) MUST_CHECK;
/*
 * Set what views and extracts read, until the transaction of pg ends.
 * extra  an array's text, "{}" for none
 */
struct err *source_settings(struct pg *pg, bool full, const char *prev_snapshot,
			    const char *timezone, const char *from, const char *to,
			    const char *extra) MUST_CHECK;

#endif
