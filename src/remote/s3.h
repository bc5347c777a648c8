/*
 * Objects in buckets.  Source: Amazon S3 API 2006-03-01.
 * Keys are any UTF-8 text; nothing in them is taken for a folder.
 */
#ifndef BIKEOPS_REMOTE_S3_H
#define BIKEOPS_REMOTE_S3_H

#include "base/err.h"
#include "base/stream.h"
#include "remote/aws.h"

#include <stdbool.h>
#include <stddef.h>

struct s3; /* opaque; one thread at a time; a transfer uses threads of its own */

struct s3_object {
	const char *key;  /* decoded */
	const char *etag; /* with its quotes */
	long long bytes;
	long long mtime; /* seconds since 1970 UTC */
};

struct s3_config {
	struct aws_config aws;
	int parallel;		  /* requests at once, of one big object or of many; 0: 8 */
	int page;		  /* keys that a list asks for at once; 0: as many as it gives */
	_Atomic long long *moved; /* counts the bytes of files as they pass, or NULL */
};

struct err *s3_open(void *mem, const struct s3_config *config, struct s3 **out) MUST_CHECK;
struct aws *s3_aws(struct s3 *s3); /* what its own requests go by */
/* "s3://BUCKET/KEY" */
char *s3_name(void *mem, const char *bucket, const char *key);

/*
 * Do job(mine, arg, i) for each i below n, on several threads at once; mine is the thread's own s3,
 * whose transfers use no further threads.  After an error none is begun; gives the first.
 */
typedef struct err *s3_job(struct s3 *mine, void *arg, size_t i);
struct err *s3_each(struct s3 *s3, size_t n, s3_job *job, void *arg) MUST_CHECK;

/* Objects under prefix in key order, [n], owned by mem; n may be 0.
 * delimiter  "/" to get folders as objects whose key ends in it, of no bytes and time, or NULL */
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
/* A stream, which goes on where a broken transfer ended.  A range behind the end gives no bytes. */
struct err *s3_get(void *mem, struct s3 *s3, const char *bucket, const char *key,
		   struct s3_get *get, struct sink *to) MUST_CHECK;
/*
 * The whole object into a file, in parallel ranges of one etag; where it fails the file is as
 * before, or not there.
 * if_match  etag, or NULL: ERR_CONFLICT where it changed
 * sha256    of what was written, or NULL where nobody asks; one that was written with the object
 *           is compared: ERR_DATA
 */
struct err *s3_get_file(struct s3 *s3, const char *bucket, const char *key, const char *if_match,
			const char *path, char sha256[65]) MUST_CHECK;

/* Write a file as object; create: only where none is (ERR_CONFLICT).  A big file goes in parts, in
 * parallel; the parts of one that fails are taken away.
 * sha256  of the file in hex where known, else NULL; is kept with the object */
struct err *s3_put_file(struct s3 *s3, const char *bucket, const char *key, const char *path,
			const char *sha256, bool create) MUST_CHECK;
/* Without its bytes passing here; at most 5 GiB. */
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
struct err *s3_abort(struct s3 *s3, const char *bucket, const char *key, const char *id) MUST_CHECK;
/* region  as the service names it, or NULL where it does not
 * errors  ERR_NOTFOUND: no such bucket; ERR_AUTH: not ours to see */
struct err *s3_bucket(void *mem, struct s3 *s3, const char *bucket, const char **region) MUST_CHECK;

#endif
