/*
 * What a service of AWS says of a failure.  Sources: "Error responses", Amazon S3 API;
 * "AWS JSON protocol" and "restJson1", Smithy; retry behaviour of the SDKs.
 */
#ifndef BIKEOPS_REMOTE_FAULT_H
#define BIKEOPS_REMOTE_FAULT_H

#include "base/err.h"
#include "remote/aws.h"

#include <stdbool.h>

enum fault_kind {
	FAULT_FINAL,
	FAULT_AGAIN,	/* a passing one */
	FAULT_THROTTLE, /* too much was asked */
	FAULT_CLOCK,	/* our clock is wrong */
	FAULT_SIGNED,	/* our clock, or the secret */
	FAULT_EXPIRED,	/* the credentials are */
	FAULT_REGION,	/* another one has the bucket */
};

struct fault {
	enum fault_kind kind;
	bool silent;	     /* an answer to HEAD: the kind is what it may be */
	const char *code;    /* "NoSuchKey"; that of the status where the body says none */
	const char *message; /* or NULL */
	const char *region;  /* where the bucket is, or NULL */
	enum err_code err;
};

/* Of an answer that is none of 2xx, 304, 412, 416; the body may be XML, JSON or anything. */
void fault_read(void *mem, const struct aws_answer *answer, struct fault *out);
/* Is the body of an answer 200 an <Error>?  Then as fault_read(). */
bool fault_late(void *mem, const struct aws_answer *answer, struct fault *out);
/* subject  what was asked: "s3: GET 'raw/2018'" */
struct err *fault_err(const struct fault *f, const char *subject) MUST_CHECK;

#endif
