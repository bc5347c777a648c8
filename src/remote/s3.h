/*
 * Objects in buckets.  Source: Amazon S3 API 2006-03-01.
 */
#ifndef BIKEOPS_REMOTE_S3_H
#define BIKEOPS_REMOTE_S3_H

#include "base/err.h"
#include "base/strbuf.h"
#include "base/stream.h"
#include "remote/aws.h"

#include <stdbool.h>
#include <stddef.h>

struct s3; /* opaque; one thread at a time; a transfer may use threads of its own */

struct s3_object {
	const char *key;  /* decoded */
	const char *etag; /* with its quotes */
	long long bytes;
	long long mtime; /* seconds since 1970 UTC */
};

struct s3_config {
	struct aws_config aws;
	int parallel; /* transfers at once of one big object or of many; 0: 8 */
};

struct err *s3_open(void *mem, const struct s3_config *config, struct s3 **out) MUST_CHECK;

/* Objects under prefix in key order, [n], owned by mem; n may be 0.
 * delimiter  "/" to get folders as objects whose key ends in it, or NULL */
struct err *s3_list(void *mem, struct s3 *s3, const char *bucket, const char *prefix,
		    const char *delimiter, struct s3_object **list, size_t *n) MUST_CHECK;
/* errors  ERR_NOTFOUND */
struct err *s3_head(void *mem, struct s3 *s3, const char *bucket, const char *key,
		    struct s3_object *out) MUST_CHECK;

struct s3_get {
	long long from, bytes;	   /* range; bytes 0: to the end */
	const char *if_match;	   /* etag, or NULL: ERR_CONFLICT where it changed */
	const char *if_none_match; /* etag, or NULL */
	bool unchanged;		   /* set: still that etag, no body */
	struct s3_object object;   /* set: what is there; key borrowed, bytes of the whole object */
};
/* A range behind the end gives no bytes.  get may be NULL: the whole object. */
struct err *s3_get(void *mem, struct s3 *s3, const char *bucket, const char *key,
		   struct s3_get *get, struct sink *to) MUST_CHECK;
/* The whole object into a file, in parallel ranges of one etag; nothing is left where it fails.
 * sha256  of what was written, or NULL where nobody asks */
struct err *s3_get_file(struct s3 *s3, const char *bucket, const char *key, const char *if_match,
			const char *path, char sha256[65]) MUST_CHECK;

/* Write an object; create: only where none is (ERR_CONFLICT).  A big file goes in parts, in
 * parallel; the parts of one that fails are taken away.
 * sha256  of the bytes in hex where known, else NULL */
struct err *s3_put(struct s3 *s3, const char *bucket, const char *key, const void *data,
		   size_t bytes, bool create) MUST_CHECK;
struct err *s3_put_file(struct s3 *s3, const char *bucket, const char *key, const char *path,
			const char *sha256, bool create) MUST_CHECK;
struct err *s3_copy(struct s3 *s3, const char *from_bucket, const char *from_key,
		    const char *bucket, const char *key) MUST_CHECK;
/* One that is not there is no error. */
struct err *s3_delete(struct s3 *s3, const char *bucket, const char *const *keys, size_t n)
	MUST_CHECK;

struct s3_upload {
	const char *key, *id;
	long long begun; /* seconds since 1970 UTC */
};
/* Uploads in parts that nobody ended: they cost, and show nowhere. */
struct err *s3_uploads(void *mem, struct s3 *s3, const char *bucket, const char *prefix,
		       struct s3_upload **list, size_t *n) MUST_CHECK;
/* errors  ERR_NOTFOUND: no such bucket; ERR_AUTH: not ours to see */
struct err *s3_bucket(struct s3 *s3, const char *bucket, const char **region) MUST_CHECK;

#endif
