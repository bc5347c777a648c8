/* The session of a struct warehouse, shared by the files beside. */
#ifndef BIKEOPS_WAREHOUSE_SESSION_H
#define BIKEOPS_WAREHOUSE_SESSION_H

#include "base/err.h"
#include "remote/pg.h"
#include "warehouse/warehouse.h"

struct warehouse {
	struct pg *pg; /* NULL after a failure that it did not outlive */
	const struct settings *settings;
	const char *dsn, *role, *app;
};

/* w->pg is there, if need be a new one. */
struct err *warehouse_ready(struct warehouse *w) MUST_CHECK;
/* Run job in one transaction: all that it wrote stays, or nothing. */
struct err *warehouse_transact(struct warehouse *w, struct err *(*job)(struct pg *pg, void *arg),
			       void *arg) MUST_CHECK;

#endif
