/*
 * HTTP/1.1 by libcurl: one exchange, not repeated, that a cancel interrupts at once.
 */
#ifndef BIKEOPS_REMOTE_HTTP_H
#define BIKEOPS_REMOTE_HTTP_H

#include "base/err.h"
#include "base/stream.h"
#include "remote/aws.h"

#include <stdbool.h>
#include <stddef.h>

struct http; /* opaque; one thread at a time; keeps its connections */

/* ca_file  trusted certificates, or NULL: the system's */
struct err *http_open(void *mem, const char *ca_file, struct http **out) MUST_CHECK;

struct http_request {
	const char *method;
	const char *url; /* sent as it stands; redirects are not followed */
	const struct aws_pair *headers;
	size_t n_headers;
	const void *body; /* [bytes], or NULL: bytes of fd from offset on, or nothing */
	int fd;
	long long offset, bytes;
	_Atomic long long *sent; /* counts the body's bytes as they go, or NULL */
	struct sink *to; /* takes the body of an answer 2xx; NULL: it stands in the answer */
	size_t max;	 /* bytes of a body that stands in the answer */
	int connect_timeout_ms;
	int stall_ms;	       /* without a byte moved in either direction */
	long long deadline_ms; /* by time_tick_ms(); what is moved puts it off */
	bool direct;	       /* through no proxy */
	bool deaf;	       /* go on after a cancel */
};

/* Bytes of a body that put the deadline off by one second. */
#define HTTP_SLOWEST 65536

/*
 * out     status, headers, body; out->bytes, what the sink had, and out->sent, also on failure
 * errors  ERR_NET, ERR_TIMEOUT: another try may help; ERR_CONFIG: the address or the
 *         certificate is wrong; ERR_DATA: more than max; ERR_CANCELLED; what the sink said
 */
struct err *http_send(void *mem, struct http *http, const struct http_request *r,
		      struct aws_answer *out) MUST_CHECK;

#endif
