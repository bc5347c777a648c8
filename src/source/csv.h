/*
 * A strict reader of one CSV file with a header, a record at a time.
 * Source: RFC 4180; line ends may be LF, a UTF-8 BOM is passed over.
 */
#ifndef BIKEOPS_SOURCE_CSV_H
#define BIKEOPS_SOURCE_CSV_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct csv; /* opaque; one thread at a time */

struct csv_value {
	const char *text; /* valid until the next record; a quoted one may hold anything but NUL */
	size_t len;
	bool quoted;
};

struct csv_record {
	long long line; /* where it begins, the header's is 1 */
	size_t n;	/* as many as the header has */
	struct csv_value *values;
};

/*
 * Open path and read its header.
 *
 * name    of the file in messages
 * errors  ERR_NOTFOUND; ERR_DATA: empty, and as csv_next()
 */
struct err *csv_open(void *mem, const char *path, const char *name, struct csv **out) MUST_CHECK;
const struct csv_record *csv_header(const struct csv *c);
/*
 * The next record, or NULL in *out at the end; c's until the next call.
 * errors  ERR_DATA with line, column and reason: broken quote, not UTF-8, too few or too many
 * values
 */
struct err *csv_next(struct csv *c, const struct csv_record **out) MUST_CHECK;
long long csv_bytes(const struct csv *c); /* read so far */

/* "'orders.csv', line 12, column 'order_date': REASON" as ERR_DATA; column may be NULL. */
struct err *csv_fault(const char *name, long long line, const char *column, const char *reason)
	MUST_CHECK;

#endif
