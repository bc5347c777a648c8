/* Where a service of AWS answers. */
#ifndef BIKEOPS_REMOTE_ENDPOINT_H
#define BIKEOPS_REMOTE_ENDPOINT_H

#include "base/err.h"
#include "remote/profile.h"

#include <stdbool.h>

struct endpoint {
	const char *scheme; /* "https" */
	const char *host;   /* "host" or "host:port" */
	const char *base;   /* path before all paths: "" or "/x" */
	bool bucket_in_host;
};

/*
 * AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, those of the profile, else the service's own.
 *
 * service  "s3", "emr-serverless"; with bucket, or NULL, the host that it is asked at
 */
struct err *endpoint_find(void *mem, const struct profiles *files, const char *profile,
			  const char *service, const char *region, const char *bucket,
			  struct endpoint *out) MUST_CHECK;

#endif
