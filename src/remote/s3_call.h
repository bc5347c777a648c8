/* What the files of S3 share: one request, the workers, the size of a part. */
#ifndef BIKEOPS_REMOTE_S3_CALL_H
#define BIKEOPS_REMOTE_S3_CALL_H

#include "base/thread.h"
#include "remote/s3.h"
#include "remote/xml.h"

/* Of a request; sizes the file in flight of a transfer. */
#define S3_PART (8LL << 20)
/* A PUT in one piece up to here; more goes in parts. */
#define S3_ONE	(2 * S3_PART)

struct s3 {
	struct s3_config config;
	struct aws *aws;
	struct s3 **workers; /* [n_workers] kept with their connections */
	size_t n_workers;
};

/* Send it and name the object in the error: "cannot VERB 's3://BUCKET/KEY'". */
struct err *s3_call(void *mem, struct s3 *s3, const char *verb, const struct aws_request *request,
		    struct aws_answer *out) MUST_CHECK;
/* The same, and read the answer as this document. */
struct err *s3_call_xml(void *mem, struct s3 *s3, const char *verb,
			const struct aws_request *request, const char *root, xml_element *take,
			void *arg) MUST_CHECK;
struct err *s3_failed(struct err *e, const char *verb, const char *bucket, const char *key)
	MUST_CHECK;
/* ERR_CONFLICT */
struct err *s3_exists(const char *bucket, const char *key) MUST_CHECK;
void s3_moved(const struct s3 *s3, long long bytes);

/* What the headers of an answer say about an object. */
void s3_object_of(void *mem, const char *key, const struct aws_answer *answer,
		  struct s3_object *out);
/* "2026-11-26T12:34:18.000Z", "Thu, 26 Nov 2026 12:34:18 GMT"; 0 for what is none. */
long long s3_time(const char *text);

/* A name that only this writing has, to know its own work again. */
char *s3_token(void *mem);
/* Was the object there written by the one with this token? */
struct err *s3_ours(struct s3 *s3, const char *bucket, const char *key, const char *token,
		    bool *ours) MUST_CHECK;

struct s3_file {
	int fd;
	long long bytes;
	const char *sha256; /* or NULL */
};
/* Write bytes of file in parts. */
struct err *s3_put_parts(struct s3 *s3, const char *bucket, const char *key,
			 const struct s3_file *file, bool create) MUST_CHECK;

/* Headers of a writing: growing in place. */
struct s3_headers {
	struct aws_pair pairs[8];
	size_t n;
};
void s3_header(struct s3_headers *h, const char *name, const char *value); /* NULL: none */

#define S3_TOKEN  "x-amz-meta-bikeops-write"
#define S3_SHA256 "x-amz-meta-sha256"

#endif
