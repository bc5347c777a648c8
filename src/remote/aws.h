/*
 * Calls to AWS: credentials, endpoint, signature, retries.
 * Sources: Signature Version 4; the SDKs' credential chain, environment and
 * shared files.
 * A struct aws is used by one thread at a time; all of a process share their
 * credentials, which are renewed before they expire.
 */
#ifndef BIKEOPS_REMOTE_AWS_H
#define BIKEOPS_REMOTE_AWS_H

#include "base/err.h"
#include "base/strbuf.h"
#include "base/stream.h"

#include <stdbool.h>
#include <stddef.h>

struct aws; /* opaque */
struct credentials;

struct aws_config {
	const char *region;    /* or NULL: as the SDKs find it */
	const char *profile;   /* of the shared files, or NULL: AWS_PROFILE, "default" */
	int connect_timeout_s; /* 0: 10 s */
	int budget_s;	       /* for one call with its retries; 0: 60 s */
	bool deaf;	       /* go on after a cancel: for what must be told while ending */
	/* Sign with these in place of the chain's; id NULL: not at all.  Borrowed. */
	const struct credentials *as;
};

/* Reads nothing but files and variables; nobody is asked before the first call. */
struct err *aws_open(void *mem, const struct aws_config *config, struct aws **out) MUST_CHECK;
/* ERR_CONFIG where nothing names one. */
struct err *aws_region(struct aws *aws, const char **region) MUST_CHECK;
/* "profile ops, role arn:aws:iam::1:role/x, until 12:40Z": where the credentials come from;
 * never a secret.  errors  ERR_AUTH: there are none, and where they were sought */
struct err *aws_identity(void *mem, struct aws *aws, char **text) MUST_CHECK;

struct aws_pair {
	const char *name, *value; /* decoded */
};

struct aws_request {
	const char *service; /* signing name: "s3", "emr-serverless", "sts" */
	const char *method;
	const char *bucket; /* of S3, or NULL */
	const char *path;   /* S3: the key, decoded, without a slash in front; "" for the bucket.
			     * Others: as it stands on the wire: "/applications/a%2Fb" */
	const struct aws_pair *query; /* [n_query] in any order */
	size_t n_query;
	const struct aws_pair
		*headers; /* [n_headers] all are signed; "content-type", "range", .. */
	size_t n_headers;
	const void *body; /* [bytes], or NULL: bytes of fd from offset on, or nothing */
	int fd;
	long long offset, bytes;
	const char *sha256;	 /* of the body in hex where it is known, else NULL */
	_Atomic long long *sent; /* counts the body's bytes as they go, or NULL; a try that fails
				  * takes its own back */
	struct sink *to; /* takes the body of an answer 2xx; NULL: it stands in the answer */
	size_t max;	 /* bytes of a body that stands in the answer; 0: 16 MiB */
	bool late_fault; /* an answer 200 may hold an <Error>, which counts as a 500 */
};

struct aws_answer {
	int status; /* 2xx, 304, 412 or 416; all else is an error */
	struct strbuf body;
	long long bytes;		/* given to the sink */
	long long sent;			/* of the body */
	const struct aws_pair *headers; /* [n_headers] names in lower case */
	size_t n_headers;
};

/*
 * Send one request, signed anew at each try.  A try is repeated, with jitter, on what AWS names
 * retryable, unless the sink has had bytes; credentials that expired are renewed and a wrong clock
 * is corrected, once each.
 *
 * mem     owns what the answer holds
 * errors  ERR_NOTFOUND 404; ERR_AUTH 401, 403; ERR_CONFLICT 409; ERR_NET, ERR_TIMEOUT: the budget
 *         is spent; ERR_REMOTE; err->remote is the service's code: "NoSuchKey", "SlowDown";
 *         ERR_CANCELLED; what the sink said
 */
struct err *aws_call(void *mem, struct aws *aws, const struct aws_request *request,
		     struct aws_answer *out) MUST_CHECK;
/* NULL where it is not there; name in lower case. */
const char *aws_header(const struct aws_answer *answer, const char *name);

/*
 * A URL that does the request without credentials for so long (1 to 604800 s); a secret.
 * request  body, headers and sink are left out; service "rds-db" gives a login token's URL
 * host     "host:port", or NULL: the service's endpoint
 */
struct err *aws_presign(void *mem, struct aws *aws, const struct aws_request *request,
			const char *host, int seconds, char **url) MUST_CHECK;

/* The service's clock minus ours, as its answers say; 0 before the first. */
long long aws_skew_s(const struct aws *aws);

#endif
