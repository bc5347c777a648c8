/* What the files of the DuckDB engine share: a session, and one statement at a time. */
#ifndef BIKEOPS_ENGINE_DUCKDB_H
#define BIKEOPS_ENGINE_DUCKDB_H

#include "base/progress.h"
#include "base/stream.h"
#include "engine/duckdb_api.h"
#include "engine/engine.h"
#include "lake/lake.h"

struct engine {
	struct duckdb_api api;
	void *database;
	void *connection;
	struct lake *lake;
	/*
	 * DuckDB gives rows by writing to the file /dev/fd/<out_fd>, a number fixed when access to
	 * other files is locked; it is null_fd while no statement runs.
	 */
	int out_fd;
	int null_fd;
	/* for a transform: what is done so far, and the rows of the table that is worked on */
	struct progress *progress;
	long long rows, bytes, total, working;
};

/*
 * Run one statement to its end, or until a cancel.
 *
 * sink     takes what it writes to out_fd, or NULL
 * changed  rows that it wrote or copied, or NULL
 */
struct err *engine_query(struct engine *e, const char *sql, struct sink *sink, long long *changed)
	MUST_CHECK;
struct err *engine_exec(struct engine *e, const char *sql) MUST_CHECK;
void engine_tell(struct engine *e); /* how far the transform is */
/* Text between quotes, ' for a literal and " for a name; its own are doubled. */
char *engine_quoted(void *mem, const char *text, char quote);
/* What to select from for the rows of a Parquet object. */
struct err *engine_parquet(void *mem, struct engine *e, const char *key, char **relation)
	MUST_CHECK;

#endif
