/*
 * The shared files of AWS, ~/.aws/config and ~/.aws/credentials: profiles and
 * other sections.  Source: "Shared config and credentials files", SDKs and Tools Guide.
 */
#ifndef BIKEOPS_REMOTE_PROFILE_H
#define BIKEOPS_REMOTE_PROFILE_H

#include "base/err.h"

#include <stdbool.h>

/* A variable of the environment, NULL where it is empty. */
const char *aws_variable(const char *name);

struct profiles; /* opaque */

/*
 * Read both files, or those of AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE.
 * One that is not there has no sections.
 *
 * errors  ERR_CONFIG with file and line
 */
struct err *profiles_read(void *mem, struct profiles **out) MUST_CHECK;
/* The same, of texts; either may be NULL. */
struct err *profiles_parse(void *mem, const char *config, const char *credentials,
			   struct profiles **out) MUST_CHECK;

bool profiles_has(const struct profiles *p, const char *profile);
/* Of a profile, in either file; "credentials" goes before "config".  NULL where it is not. */
const char *profiles_get(const struct profiles *p, const char *profile, const char *key);
/* The file a profile's key stands in, for messages. */
const char *profiles_file(const struct profiles *p, const char *profile, const char *key);
/* Of another section of the config file: "sso-session", "x", NULL, "sso_region"; or nested:
 * "services", "x", "s3", "endpoint_url". */
const char *profiles_section(const struct profiles *p, const char *kind, const char *name,
			     const char *parent, const char *key);

#endif
