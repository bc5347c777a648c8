/* The session of a struct pg, shared by the files beside. */
#ifndef BIKEOPS_REMOTE_PG_SESSION_H
#define BIKEOPS_REMOTE_PG_SESSION_H

#include "remote/pg.h"

#include <libpq-fe.h>

struct pg {
	PGconn *conn;
	const char *what;
	bool deaf;
	int patience_ms; /* -1: for ever */
	long long affected;
};

/* Is there a cancel already?  Before a session sends. */
struct err *pg_begin(struct pg *pg) MUST_CHECK;
/*
 * Wait until the socket is ready for events.  The first cancel that is seen
 * here is sent to the server, whose answer then ends the query.
 */
struct err *pg_wait(struct pg *pg, short events, bool *cancelled) MUST_CHECK;
struct err *pg_flush(struct pg *pg, bool *cancelled) MUST_CHECK;
/* Read all results; keep the last with rows in *keep (may be NULL) and the first error. */
struct err *pg_results(struct pg *pg, PGresult **keep) MUST_CHECK;
/* Ask the server to end the query; waits for the network for a while only. */
void pg_cancel(struct pg *pg);

/* libpq's text, first line, without its label. */
char *pg_message(void *mem, const char *text);
struct err *pg_lost_error(struct pg *pg) MUST_CHECK;
struct err *pg_result_error(struct pg *pg, const PGresult *res) MUST_CHECK;
/* Warnings go to the log; arg is the struct pg. */
void pg_notice(void *arg, const PGresult *res);

#endif
