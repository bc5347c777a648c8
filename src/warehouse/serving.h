/* The tables of schema serving, and the scripts that publish and undo run on them. */
#ifndef BIKEOPS_WAREHOUSE_SERVING_H
#define BIKEOPS_WAREHOUSE_SERVING_H

#include "base/err.h"
#include "pipeline/template.h"
#include "remote/pg.h"

#include <stdbool.h>
#include <stddef.h>

/* One table: a file dim_* or fact_* of sql/publish. */
struct serving {
	const char *name; /* "dim_customers" */
	const char *file; /* "publish/dim_customers" */
	/* What the file gives, and "table"; of a kept one "row", its key, and "tbl", its books. */
	struct template names;
};

/* Dimensions come first; *list and all in it are owned by mem. */
struct err *serving_tables(void *mem, struct serving **list, size_t *n) MUST_CHECK;
bool serving_has_history(const struct serving *s);
bool serving_is_fact(const struct serving *s);
/* Is what a batch changes kept for an undo?  The calendar only grows. */
bool serving_is_kept(const struct serving *s);

/*
 * Run each statement of a script of sql/.
 * errors  ERR_DATA: one that answers with rows, tbl and rule, names what must not be
 */
struct err *serving_run(struct pg *pg, const char *script) MUST_CHECK;
/* Likewise, filled with the names of a table. */
struct err *serving_fill(struct pg *pg, const char *script, const struct serving *s) MUST_CHECK;

#endif
