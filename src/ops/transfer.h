/* Files to a bucket and back: what would be moved, and the moving. */
#ifndef BIKEOPS_OPS_TRANSFER_H
#define BIKEOPS_OPS_TRANSFER_H

#include "base/err.h"
#include "remote/s3.h"

#include <stdbool.h>
#include <stddef.h>

struct transfer_item {
	const char *path, *key;
	long long bytes;
};

struct transfer {
	const char *bucket;
	bool create;		     /* up: leave what is there, ERR_CONFLICT */
	struct transfer_item *items; /* [n] the big ones first */
	size_t n;
	long long bytes;
};

/*
 * The file path as key, or all files below the directory path as key/NAME.
 * key     "" or one that ends in a slash: the file keeps its name
 * errors  ERR_USAGE: it is not the one that recursive says
 */
struct err *transfer_plan_up(void *mem, const char *path, const char *bucket, const char *key,
			     bool recursive, struct transfer *out) MUST_CHECK;
/*
 * The object key as file path, or all objects below the prefix key as path/NAME.
 * path    a directory, or one that ends in a slash: the object keeps its name
 * errors  ERR_NOTFOUND; ERR_DATA: a key that is no name of a file below path
 */
struct err *transfer_plan_down(void *mem, struct s3 *s3, const char *bucket, const char *key,
			       const char *path, bool recursive, struct transfer *out) MUST_CHECK;
struct err *transfer_up(struct s3 *s3, const struct transfer *t) MUST_CHECK;
struct err *transfer_down(struct s3 *s3, const struct transfer *t) MUST_CHECK;

#endif
