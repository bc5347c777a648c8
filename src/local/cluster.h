/* The embedded stack as a whole: its verbs. */
#ifndef BIKEOPS_LOCAL_CLUSTER_H
#define BIKEOPS_LOCAL_CLUSTER_H

#include "base/err.h"
#include "base/rows.h"
#include "local/home.h"

#include <stdbool.h>

#define CLUSTER_PORT_KEEP (-1) /* the one it has; at first any free one, as 0 */

/* Hears what takes a while: "making a PostgreSQL 15 cluster in '/x/pg'". */
struct cluster_listener {
	void (*say)(struct cluster_listener *self, const char *what);
};

/*
 * Make what is missing, start what does not run; again is fine, and quick.
 *
 * home     NULL: the operator's
 * started  did this call start it?
 * errors   ERR_REFUSED: home, disk, port, version, each with the cure; ERR_LOCKED
 */
struct err *cluster_up(const char *home, int port, struct cluster_listener *listener, bool *started)
	MUST_CHECK;
/* Stop the server; pid 0 when it did not run. */
struct err *cluster_down(const char *home, struct cluster_listener *listener, long *pid) MUST_CHECK;
/* One row a part: service, state, detail. */
struct err *cluster_status(void *mem, const char *home, struct rows **out) MUST_CHECK;
/* Stop it and remove it, its data and its lake; ERR_CONFIG where nothing is. */
struct err *cluster_destroy(const char *home, struct cluster_listener *listener) MUST_CHECK;
/* Become psql on source, warehouse or ledger; comes back only with an error. */
struct err *cluster_psql(const char *home, const char *database, char *const *args, int n)
	MUST_CHECK;

#endif
