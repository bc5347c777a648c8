/* A small table in memory: a query's answer, and what a command prints. */
#ifndef BIKEOPS_BASE_ROWS_H
#define BIKEOPS_BASE_ROWS_H

#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>

enum rows_type { ROWS_TEXT, ROWS_INT, ROWS_NUMBER, ROWS_BOOL, ROWS_JSON };

struct rows {
	size_t n_cols;
	const char **names;    /* [n_cols] */
	enum rows_type *types; /* [n_cols] */
	size_t n;
	const char **cells; /* [n * n_cols], NULL is SQL's NULL */
};

struct rows *rows_new(void *mem, size_t n_cols);
void rows_column(struct rows *r, size_t col, const char *name, enum rows_type type);
/* Add one row; cells are copied; missing ones by passing NULL. */
void rows_add(struct rows *r, const char *const *cells);
const char *rows_get(const struct rows *r, size_t row, const char *name); /* asserts the name */
void rows_set(struct rows *r, size_t row, const char *name, const char *value); /* copied */
const char *rows_cell(const struct rows *r, size_t row, size_t col);
long long rows_int(const struct rows *r, size_t row, const char *name); /* NULL is 0 */
bool rows_bool(const struct rows *r, size_t row, const char *name);	/* "t" or "true" */

/* As an aligned text table (numbers right, NULL empty), as CSV (RFC 4180), as a JSON array. */
void rows_table(const struct rows *r, struct strbuf *out);
void rows_csv(const struct rows *r, struct strbuf *out);
void rows_json(const struct rows *r, struct strbuf *out);

#endif
