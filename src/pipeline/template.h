/*
 * SQL written once for several tables: a text with {names}, filled with
 * identifiers.  A line that uses a name of several values is written once for
 * each of them.
 */
#ifndef BIKEOPS_PIPELINE_TEMPLATE_H
#define BIKEOPS_PIPELINE_TEMPLATE_H

#include "base/err.h"

#include <stddef.h>

struct template_name {
	const char *name;
	const char **values; /* [n], at least one */
	size_t n;
};

struct template
{
	struct template_name *names; /* [n] */
	size_t n;
};

/*
 * The names that a script's comment lines give, "-- name = value value"; a
 * name that comes again goes on.
 * errors  ERR_CONFIG: a value that is no identifier
 */
struct err *template_read(void *mem, const char *script, struct template *out) MUST_CHECK;
void template_set(void *mem, struct template *t, const char *name, const char *value);
/* The first value of a name, or NULL. */
const char *template_get(const struct template *t, const char *name);
/*
 * errors  ERR_CONFIG: a name that nobody gave, or lists of different length in one line
 */
struct err *template_fill(void *mem, const char *text, const struct template *t, char **out)
	MUST_CHECK;

#endif
