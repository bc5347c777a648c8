/* The texts of sql/, embedded at build time; sql_dir overrides them. */
#ifndef BIKEOPS_BASE_SQL_H
#define BIKEOPS_BASE_SQL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct sql_file {
	const char *name; /* "extract/orders", without .sql */
	const char *text;
};

extern const struct sql_file sql_files[]; /* generated, sorted by name, ends with a NULL name */

/* Read the texts from dir instead (NULL: the embedded ones); refuses a missing file. */
struct err *sql_use_dir(const char *dir) MUST_CHECK;
const char *sql_text(const char *name); /* asserts that it exists */
const char *sql_find(const char *name); /* or NULL */
/*
 * The files of one folder, not of its sub-folders, in order of name: names without the folder.
 * entities are sql_list(mem, "extract", ...).
 */
void sql_list(void *mem, const char *folder, const char ***names, size_t *n);
/* SHA-256 over all names and texts, hex. */
const char *sql_hash(void *mem);
/* The statements of a script, which a line ";" parts; comments stay. */
void sql_split(void *mem, const char *script, const char ***statements, size_t *n);

#endif
