/* How rows come into staging: what load.c gives, and postgres.c and redshift.c each do their way.
 */
#ifndef BIKEOPS_WAREHOUSE_LOAD_H
#define BIKEOPS_WAREHOUSE_LOAD_H

#include "warehouse/session.h"

struct load {
	struct warehouse *w;
	struct engine *engine;
	struct lake *lake;
	const struct batch *b;
	const struct staging *staging;
	struct progress *progress;
};

/* One table that is being filled; its sink takes CSV without a header and counts. */
struct loader {
	struct sink sink;
	const struct load *l;
	const char *table;
	const char *step; /* for the progress, or NULL */
	long long bytes, total;
	char *key;		  /* Redshift: the object in bucket processed that takes the rows */
	struct lake_writer *file; /* ... while it is written; NULL: an earlier try wrote it */
};

/* Begin, then give the rows to the sink; end takes what went wrong on the way, or NULL.
 * errors of end  ERR_DATA: the table got another number of rows than expected */
struct err *postgres_begin(void *mem, struct loader *loader) MUST_CHECK;
struct err *postgres_end(struct loader *loader, struct err *e, long long expected) MUST_CHECK;
struct err *redshift_begin(void *mem, struct loader *loader) MUST_CHECK;
struct err *redshift_end(struct loader *loader, struct err *e, long long expected) MUST_CHECK;
/* A staged table's Parquet objects, by a manifest that names each with its size. */
struct err *redshift_parquet(const struct load *l, const struct staged *t) MUST_CHECK;
/* After a load that Redshift refused was rolled back: which object, column and value; takes e. */
struct err *redshift_explain(const struct load *l, struct err *e) MUST_CHECK;

#endif
