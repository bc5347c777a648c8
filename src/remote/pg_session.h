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

/* libpq's text, first line, without its label. */
char *pg_message(void *mem, const char *text);
struct err *pg_lost_error(struct pg *pg) MUST_CHECK;
struct err *pg_result_error(struct pg *pg, const PGresult *res) MUST_CHECK;
/* Warnings go to the log; arg is the struct pg. */
void pg_notice(void *arg, const PGresult *res);

#endif
