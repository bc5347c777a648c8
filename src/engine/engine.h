/* What turns raw files into staging tables.  duckdb.c: libduckdb in this process. */
#ifndef BIKEOPS_ENGINE_ENGINE_H
#define BIKEOPS_ENGINE_ENGINE_H

#include "base/err.h"
#include "base/progress.h"
#include "lake/lake.h"
#include "pipeline/batch.h"

struct engine; /* opaque */

struct engine_config {
	const char *library;	  /* path of libduckdb.so, or NULL: search where make deps put it */
	const char *memory_limit; /* "1GB", or NULL */
	int threads;		  /* 0: the cores */
};

struct err *engine_open_duckdb(void *mem, const struct engine_config *config, struct lake *lake,
			       struct engine **out) MUST_CHECK;
/* Version and path of the library: for doctor. */
struct err *engine_probe_duckdb(void *mem, const struct engine_config *config, char **version,
				char **path) MUST_CHECK;

/*
 * Make every staging table of sql/transform from b->files: checks bytes, rows, sums and headers
 * against b first, writes Parquet and rejects into bucket processed under b->prefix/a<attempt>/.
 * A table whose raw file has no rows is left out (rows 0, key NULL).
 * errors  ERR_DATA: an object that is not what the manifest says; ERR_CANCELLED
 */
struct err *engine_transform(void *mem, struct engine *e, const struct batch *b,
			     struct staging **out, struct progress *progress) MUST_CHECK;
/*
 * The rows of one Parquet object as CSV without header into sink (NULL unquoted empty,
 * '' is ""), columns in the staging table's order.
 */
struct err *engine_rows(struct engine *e, const char *key, struct sink *sink) MUST_CHECK;

#endif
