/* The Security Token Service.  Source: AWS STS API 2011-06-15. */
#ifndef BIKEOPS_REMOTE_STS_H
#define BIKEOPS_REMOTE_STS_H

#include "base/err.h"
#include "remote/aws.h"
#include "remote/credentials.h"

struct sts_role {
	const char *arn;
	const char *session;	 /* or NULL: one of ours */
	const char *external_id; /* or NULL */
	const char *web_token;	 /* of web identity, or NULL */
	int seconds;		 /* 900 to 43200; 0: an hour */
};

/*
 * as   who asks; id NULL with a web_token
 * out  its source stays NULL
 */
struct err *sts_assume(void *mem, const struct credentials_seek *seek, const struct credentials *as,
		       const struct sts_role *role, struct credentials *out) MUST_CHECK;
/* Who the credentials are: "arn:aws:iam::123456789012:user/ops".  Everybody may ask. */
struct err *sts_identity(void *mem, struct aws *aws, char **arn) MUST_CHECK;

#endif
