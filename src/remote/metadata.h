/*
 * What the machine tells of itself: IMDSv2 of an instance, the agent of a container.
 * Sources: "Use IMDSv2", EC2 User Guide; "Container credential provider", SDKs and Tools Guide.
 */
#ifndef BIKEOPS_REMOTE_METADATA_H
#define BIKEOPS_REMOTE_METADATA_H

#include "base/err.h"
#include "remote/credentials.h"

#include <stdbool.h>

/* The region of the instance we are on; NULL on none. */
struct err *metadata_region(void *mem, const struct credentials_seek *seek, const char **region)
	MUST_CHECK;
/* May a container's token be sent there?  By https to all; else to agents on the machine. */
bool metadata_allows(const char *url);

#endif
