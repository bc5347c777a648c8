/*
 * A batch and its staging as JSON objects of the lake.  The manifest is written
 * last of all raw files: where it is, they are whole.
 */
#ifndef BIKEOPS_RUN_MANIFEST_H
#define BIKEOPS_RUN_MANIFEST_H

#include "base/err.h"
#include "lake/lake.h"
#include "pipeline/batch.h"

/* Bucket raw; *key is owned by mem. */
struct err *manifest_write(void *mem, struct lake *lake, const struct batch *b, const char **key)
	MUST_CHECK;
struct err *manifest_read(void *mem, struct lake *lake, const char *key, struct batch **out)
	MUST_CHECK;
/* Bucket processed, beside the tables of b's attempt. */
struct err *staging_write(struct lake *lake, const struct batch *b, const struct staging *staging)
	MUST_CHECK;
/* ERR_NOTFOUND where that attempt was not transformed whole. */
struct err *staging_read(void *mem, struct lake *lake, const struct batch *b, struct staging **out)
	MUST_CHECK;

#endif
