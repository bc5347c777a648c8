/* The star schema: staging, serving and bikeops.  postgres.c and
 * redshift.c hold what only one of them does. */
#ifndef BIKEOPS_WAREHOUSE_WAREHOUSE_H
#define BIKEOPS_WAREHOUSE_WAREHOUSE_H

#include "base/err.h"
#include "base/progress.h"
#include "base/rows.h"
#include "base/settings.h"
#include "engine/engine.h"
#include "pipeline/batch.h"
#include "pipeline/price.h"

struct warehouse; /* opaque; one thread at a time */

/* role: as of source_open(); settings outlive it. */
struct err *warehouse_open(void *mem, const struct settings *settings, const char *role,
			   const char *app, struct warehouse **out) MUST_CHECK;
/* Create or migrate staging, serving, bikeops; loads dim_order_status; idempotent. */
struct err *warehouse_install(struct warehouse *w, const char *business_timezone) MUST_CHECK;
struct err *warehouse_drop(struct warehouse *w) MUST_CHECK;

/* ERR_CONFIG where nothing is installed: "run 'bikeops setup'". */
struct err *warehouse_watermark(void *mem, struct warehouse *w, struct watermark *out) MUST_CHECK;
/* Ids of orders in the fact with an order_date in [from, to], YYYY-MM-DD. */
struct err *warehouse_fact_orders(void *mem, struct warehouse *w, const char *from, const char *to,
				  const char ***ids, size_t *n) MUST_CHECK;

/* Fill staging for this batch: staging.batch, stg_*, stg_orders, keys_read. Replaces what is there.
 */
struct err *warehouse_load(struct warehouse *w, struct engine *e, struct lake *lake,
			   const struct batch *b, const struct staging *staging,
			   struct progress *progress) MUST_CHECK;

/*
 * Publish staging as batch k in one transaction; done already where the watermark stands at k with
 * this run.  The books are warehouse_books().
 * errors   ERR_CONFLICT: the watermark is another's; ERR_DATA: does not balance
 */
struct err *warehouse_publish(struct warehouse *w, const struct batch *b,
			      const struct staging *staging, struct progress *progress) MUST_CHECK;
struct err *warehouse_clear(struct warehouse *w, const struct batch *b) MUST_CHECK;

/* A batch to take back. */
struct undo {
	long long run, k;	  /* whose it is */
	long long now_k;	  /* where the watermark stands: the undo is batch now_k + 1 */
	struct watermark back;	  /* what it will say then: where the window before k ended */
	const char *published_at; /* batch k */
	bool done;		  /* by the asking run already */
};
/*
 * The batch of a run, as an undo by run by_run (0: none yet) would find it.
 * errors  ERR_REFUSED: not the newest that stands, taken back already, no longer kept, ...
 */
struct err *warehouse_undo_find(void *mem, struct warehouse *w, long long run, long long by_run,
				struct undo *out) MUST_CHECK;
/* tbl, table, removed, inserted, updated: what it does to each table. */
struct err *warehouse_undo_rows(void *mem, struct warehouse *w, const struct undo *u,
				struct rows **out) MUST_CHECK;
/*
 * Put serving back as it was before batch k, as the next batch, in one transaction; done already
 * where the watermark stands there with by_run.  dim_date stays: it only grows.
 * errors  ERR_CONFLICT: the watermark is another's
 */
struct err *warehouse_undo(struct warehouse *w, const struct undo *u, long long by_run,
			   struct progress *progress) MUST_CHECK;

/* k, run, tbl, what, n of all batches after k. */
struct err *warehouse_books(void *mem, struct warehouse *w, long long after_k, struct rows **out)
	MUST_CHECK;
/* entity, rows, revenue, units: serving now (open versions; order lines; dates). */
struct err *warehouse_counts(void *mem, struct warehouse *w, struct rows **out) MUST_CHECK;
/* What Redshift's control API tells, which bills nothing: rows as of source_checks(); a timer's
 * look (not asked) is one call. */
struct rows *warehouse_service(void *mem, const struct settings *settings, bool asked);
/* [n] When it was at work for us, where that is billed by the second: else none.  It grows. */
const struct price_busy *warehouse_busy(const struct warehouse *w, size_t *n);
/* What a second of it is: that many RPUs, where a list tells their price.  Also after a cancel. */
struct err *warehouse_size(void *mem, const struct settings *settings, const char **region,
			   int *rpus) MUST_CHECK;
/* RPU-seconds of the whole workgroup since then (ISO, UTC); 0: nobody says.  Asks the warehouse
 * once more: call it right behind the last real question. */
double warehouse_charged(struct warehouse *w, const char *since);
/* As source_checks(). */
struct err *warehouse_checks(void *mem, struct warehouse *w, struct rows **out) MUST_CHECK;

#endif
