/*
 * Signature Version 4.  Pure: keys, time and the body's hash are arguments.
 * Source: "Signing AWS API requests", IAM User Guide.
 */
#ifndef BIKEOPS_REMOTE_SIGV4_H
#define BIKEOPS_REMOTE_SIGV4_H

#include "remote/aws.h"

#include <stdbool.h>
#include <stddef.h>

#define SIGV4_EMPTY    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

struct sigv4_by {
	const char *id, *secret, *token; /* token may be NULL */
	const char *region, *service;
	long long time_us;
};

struct sigv4_request {
	const char *method;
	const char *host; /* as the Host header says it, with a port that is not the default */
	const char *path; /* as it stands on the wire; begins with a slash */
	bool verbatim;	  /* S3: signed as it stands; others' dots go, and it is encoded again */
	const struct aws_pair *query; /* [n_query] decoded */
	size_t n_query;
	const struct aws_pair *headers; /* [n_headers] all are signed, beside host */
	size_t n_headers;
	const char *sha256; /* of the body in hex, or SIGV4_UNSIGNED */
};

struct sigv4 {
	const char *canonical, *to_sign; /* on the way; with the token: not for logs */
	const char *signature;
	const char *date;	   /* the header x-amz-date */
	const char *authorization; /* the header; a token goes beside it: x-amz-security-token */
};

void sigv4_sign(void *mem, const struct sigv4_by *by, const struct sigv4_request *r,
		struct sigv4 *out);
/* The query of a URL that carries its signature for so long; a secret.  out may be NULL. */
char *sigv4_presign(void *mem, const struct sigv4_by *by, const struct sigv4_request *r,
		    int seconds, struct sigv4 *out);

/* All but letters, digits and -_.~ as %XX; slashes stay in a path. */
char *sigv4_encode(void *mem, const char *text, bool path);
/* "a=b&c=" in the order that is signed, which is also sent. */
char *sigv4_query(void *mem, const struct aws_pair *query, size_t n);

#endif
