/*
 * The functions of libduckdb that are used, declared here so that no header of it is needed to
 * build.  All are of its stable C API.  Source: duckdb.h of DuckDB 1.5.6.
 */
#ifndef BIKEOPS_ENGINE_DUCKDB_API_H
#define BIKEOPS_ENGINE_DUCKDB_API_H

#include "base/err.h"
#include "engine/engine.h"

#include <stdint.h>

#define DUCKDB_VERSION "v1.5.6"

struct duckdb_result {
	uint64_t unused[3];
	void *pointers[3];
};

struct duckdb_progress {
	double percentage; /* -1: not known yet */
	uint64_t rows_done;
	uint64_t rows_total;
};

enum { DUCKDB_ERROR_INTERRUPT = 29, DUCKDB_ERROR_OUT_OF_MEMORY = 33 };

/* X(result, name, arguments); those that can fail give 0 for success */
#define DUCKDB_FUNCTIONS(X)                                                              \
	X(const char *, library_version, (void))                                         \
	X(int, open, (const char *path, void **database))                                \
	X(void, close, (void **database))                                                \
	X(int, connect, (void *database, void **connection))                             \
	X(void, disconnect, (void **connection))                                         \
	X(int, query, (void *connection, const char *sql, struct duckdb_result *result)) \
	X(void, destroy_result, (struct duckdb_result * result))                         \
	X(const char *, result_error, (struct duckdb_result * result))                   \
	X(int, result_error_type, (struct duckdb_result * result))                       \
	X(uint64_t, rows_changed, (struct duckdb_result * result))                       \
	X(void, interrupt, (void *connection))                                           \
	X(struct duckdb_progress, query_progress, (void *connection))

struct duckdb_api {
#define X(type, name, args) type(*name) args;
	DUCKDB_FUNCTIONS(X)
#undef X
};

/*
 * Load the library that the configuration names, else the first of those where make puts one.
 * It stays loaded to the end of the process.
 *
 * path    the file that was taken
 * errors  ERR_CONFIG: missing, not loadable, or of another version
 */
struct err *duckdb_load(void *mem, const struct engine_config *config, struct duckdb_api *api,
			char **path) MUST_CHECK;

#endif
