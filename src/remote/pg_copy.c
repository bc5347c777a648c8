#include "remote/pg_session.h"

#include "base/cancel.h"

#include <poll.h>

#define PG_COPY_BUFFER (1 << 20) /* unsent bytes that COPY may leave with libpq */

/* One piece of COPY's data: 1 got it, 0 must wait, -1 end. */
static struct err *
pg_copy_piece(struct pg *pg, struct sink *sink, bool *cancelled, int *state)
{
	char *data;
	int n = PQgetCopyData(pg->conn, &data, 1);
	struct err *e = NULL;

	*state = n > 0 ? 1 : n;
	if (n > 0) {
		e = sink->write(sink, data, (size_t)n);
		PQfreemem(data);
	} else if (n == 0) {
		TRY(pg_wait(pg, POLLIN, cancelled));
		if (!PQconsumeInput(pg->conn))
			return pg_lost_error(pg);
	} else if (n == -2) {
		return pg_lost_error(pg);
	}
	return e;
}

struct err *
pg_copy_out(struct pg *pg, const char *sql, struct sink *sink, long long *rows)
{
	bool cancelled = false;
	int state = 1;

	TRY(pg_exec(pg, sql));
	while (state >= 0) {
		struct err *e = pg_copy_piece(pg, sink, &cancelled, &state);

		if (e) { /* nobody reads the rest: the session is of no more use */
			pg_cancel(pg);
			return e;
		}
	}
	TRY(pg_results(pg, NULL));
	if (cancelled)
		TRY(cancel_check());
	*rows = pg->affected;
	return NULL;
}

struct err *
pg_copy_in(struct pg *pg, const char *sql)
{
	return pg_exec(pg, sql);
}

struct err *
pg_copy_put(struct pg *pg, const void *data, size_t n)
{
	const char *at = data;
	bool cancelled = false;

	TRY(pg_begin(pg));
	while (n > 0) {
		size_t part = n < PG_COPY_BUFFER ? n : PG_COPY_BUFFER;

		/* 0: libpq has no memory for it, and took nothing */
		if (PQputCopyData(pg->conn, at, (int)part) <= 0)
			return pg_lost_error(pg);
		TRY(pg_flush(pg, &cancelled));
		at += part;
		n -= part;
	}
	return cancelled ? cancel_check() : NULL;
}

struct err *
pg_copy_end(struct pg *pg, const char *failure, long long *rows)
{
	if (PQputCopyEnd(pg->conn, failure) <= 0)
		return pg_lost_error(pg);
	struct err *e = pg_results(pg, NULL);
	if (failure) {
		err_free(e); /* the server repeats what we said */
		return NULL;
	}
	if (!e && rows)
		*rows = pg->affected;
	return e;
}
