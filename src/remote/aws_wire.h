/* How a request to AWS is addressed and signed: between aws.c and aws_call.c. */
#ifndef BIKEOPS_REMOTE_AWS_WIRE_H
#define BIKEOPS_REMOTE_AWS_WIRE_H

#include "base/err.h"
#include "remote/aws.h"
#include "remote/credentials.h"
#include "remote/endpoint.h"
#include "remote/http.h"
#include "remote/profile.h"
#include "remote/sigv4.h"

#include <stdbool.h>
#include <stddef.h>

/* Where a bucket turned out to be. */
struct place {
	const char *bucket, *region;
	struct place *next;
};

#define AWS_QUOTA 500 /* what repeating may cost in all */

struct aws {
	struct aws_config config; /* its strings are ours */
	struct profiles *files;
	const char *profile;
	bool named; /* by the caller */
	struct http *http;
	struct place *places;
	long long skew_s;	/* as the last answer says */
	long long correction_s; /* what we sign with: skew_s once it was to blame */
	int quota;
};

/* What is sent, signed; owned by the try's scratch memory. */
struct wire {
	struct endpoint at;
	struct credentials as;
	const char *url;
	struct sigv4_request sigv4;
	struct sigv4_by by;
	struct aws_pair *headers;
	size_t n_headers;
};

bool aws_is_s3(const struct aws_request *r);
/*
 * Everything but the headers; asks for credentials where that must be.
 * host  or NULL: the service's endpoint
 */
struct err *aws_address(void *mem, struct aws *aws, const struct aws_request *r, const char *host,
			struct wire *w) MUST_CHECK;
/* The URL and the headers with the signature. */
void aws_seal(void *mem, const struct aws_request *r, const char *sha256, struct wire *w);

#endif
