/*
 * One session with a PostgreSQL-speaking server.  libpq, never blocking: every
 * wait also watches cancel_fd(), and a cancel is sent to the server at once.
 * The server's warnings go to the log.
 * A session is used by one thread at a time.
 */
#ifndef BIKEOPS_REMOTE_PG_H
#define BIKEOPS_REMOTE_PG_H

#include "base/err.h"
#include "base/rows.h"
#include "base/stream.h"

#include <stdbool.h>
#include <stddef.h>

struct pg; /* opaque; closed when freed */

/* Who logs in, where that is made anew each time; both owned by mem, NULL leaves the DSN's. */
struct pg_login {
	struct err *(*make)(void *mem, const void *arg, const char **user, const char **password);
	const void *arg;
	const char *refused; /* what to do where the server refuses it, or NULL */
};

struct pg_config {
	const char *dsn;       /* conninfo or URI */
	const char *where;     /* the setting that has it, and its origin: for hints; or NULL */
	const char *what;      /* "source", "warehouse", "ledger": how errors name it */
	const char *role;      /* SET ROLE after login, or NULL */
	const char *app;       /* application_name, or NULL for "bikeops" */
	int connect_timeout_s; /* 0: 10 s */
	int answer_timeout_s;  /* a session silent for so long while asked is lost; 0: never */
	const struct pg_login *login; /* or NULL: the DSN says it */
	const char *session; /* what is said after the login, or NULL: what PostgreSQL takes */
	bool deaf;	     /* go on after a cancel: for what must be written while ending */
};

/* From now on no connection of this process takes longer; for a program that people look at. */
void pg_hurry(int connect_timeout_s);

/*
 * Connect; TimeZone=UTC, DateStyle=ISO, client_encoding=UTF8, keepalives of both sides on,
 * timeouts 0, jit off; or what config says.
 * errors  ERR_AUTH (login refused), ERR_NET (not reached), ERR_TIMEOUT, ERR_CONFIG (bad conninfo)
 */
struct err *pg_open(void *mem, const struct pg_config *config, struct pg **out) MUST_CHECK;

/* errors of all below: ERR_REMOTE with SQLSTATE in err->remote; ERR_NET, session lost;
 * ERR_CONFLICT for 40001, 40P01 and 1023; ERR_AUTH for 42501; ERR_CANCELLED */

/* Run statements without parameters (several are one transaction unless they say otherwise). */
struct err *pg_exec(struct pg *pg, const char *sql) MUST_CHECK;
/* pg_exec of each statement of a script parted by lines ";": errors name the statement. */
struct err *pg_script(struct pg *pg, const char *script) MUST_CHECK;
/* One statement with text parameters $1..$n (NULL cell = SQL NULL); rows may be NULL. */
struct err *pg_query(void *mem, struct pg *pg, const char *sql, const char *const *params, size_t n,
		     struct rows **rows) MUST_CHECK;
/* Rows that one statement changed (its command tag) in the last pg_exec or pg_query. */
long long pg_affected(const struct pg *pg);

/* COPY ... TO STDOUT into sink; rows is the count of the server's tag. */
struct err *pg_copy_out(struct pg *pg, const char *sql, struct sink *sink, long long *rows)
	MUST_CHECK;
/* COPY ... FROM STDIN: begin, feed, end; end with an error text to give it up. */
struct err *pg_copy_in(struct pg *pg, const char *sql) MUST_CHECK;
struct err *pg_copy_put(struct pg *pg, const void *data, size_t n) MUST_CHECK;
struct err *pg_copy_end(struct pg *pg, const char *failure, long long *rows) MUST_CHECK;

/* After LISTEN: wait for a NOTIFY, until wake_fd is readable, or so long; *told: one came. */
struct err *pg_listen(struct pg *pg, int wake_fd, int ms, bool *told) MUST_CHECK;

const char *pg_user(const struct pg *pg); /* who logged in */
/* "TLSv1.3", or how it does without: "none", "socket"; *safe: nobody on the way can listen. */
const char *pg_tls(const struct pg *pg, bool *safe);
int pg_client_version(void); /* of libpq, the same way */
bool pg_lost(const struct pg *pg);
/* An identifier quoted for SQL: for the few texts that carry names. */
char *pg_ident(void *mem, const char *name);

#endif
