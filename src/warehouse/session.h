/* The session of a struct warehouse, shared by the files beside. */
#ifndef BIKEOPS_WAREHOUSE_SESSION_H
#define BIKEOPS_WAREHOUSE_SESSION_H

#include "base/err.h"
#include "remote/pg.h"
#include "warehouse/warehouse.h"

#include <stdbool.h>

struct aws;

struct warehouse {
	struct pg *pg; /* NULL after a failure that it did not outlive */
	const struct settings *settings;
	const char *dsn, *where, *role, *app;
	bool redshift;		 /* else PostgreSQL */
	bool used;		 /* a publish left its temporary tables in this session */
	struct pg_login login;	 /* Redshift, with warehouse_auth = iam */
	struct aws *aws;	 /* opened by the first login that needs it */
	struct price_busy *busy; /* [n_busy] when Redshift was at work for this session's process */
	size_t n_busy;
};

/* w->pg is there, if need be a new one. */
struct err *warehouse_ready(struct warehouse *w) MUST_CHECK;
/* A session without temporary tables. */
struct err *warehouse_fresh(struct warehouse *w) MUST_CHECK;
/* The query sql/NAME; ERR_CONFIG where nothing is installed. */
struct err *warehouse_ask(void *mem, struct warehouse *w, const char *name,
			  const char *const *params, size_t n, struct rows **out) MUST_CHECK;
/* Run job in one transaction: all that it wrote stays, or nothing. */
struct err *warehouse_transact(struct warehouse *w, struct err *(*job)(struct pg *pg, void *arg),
			       void *arg) MUST_CHECK;
/* What a row says of it beside k and run; the texts are r's. */
struct watermark warehouse_watermark_of(const struct rows *r, long long k, long long run);

#endif
