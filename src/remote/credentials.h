/*
 * Credentials of AWS: the SDKs' chain of places, shared by all threads of the
 * process, renewed by one of them before they expire.
 */
#ifndef BIKEOPS_REMOTE_CREDENTIALS_H
#define BIKEOPS_REMOTE_CREDENTIALS_H

#include "base/err.h"
#include "remote/http.h"
#include "remote/profile.h"

#include <stdbool.h>

struct credentials {
	const char *id, *secret, *token; /* token may be NULL */
	const char *source;		 /* "the environment", "profile 'ops'", never a secret */
	long long expires_us;		 /* 0: never */
};

/* Who asks, and with what. */
struct credentials_seek {
	const struct profiles *files;
	const char *profile;
	bool named;	    /* by the operator: variables do not go before it */
	const char *region; /* of STS, or NULL */
	struct http *http;
	bool deaf;
};

/*
 * mem     owns the strings
 * errors  ERR_AUTH: there are none, and where they were sought; ERR_CONFIG; ERR_NET, ERR_TIMEOUT
 */
struct err *credentials_get(void *mem, const struct credentials_seek *seek, struct credentials *out)
	MUST_CHECK;
/* The service says that these expired: the next one who asks gets others, where there are. */
void credentials_expired(const struct credentials *c);

/* Copy them, secrets in memory that is wiped when it is freed. */
void credentials_copy(void *mem, const struct credentials *from, struct credentials *to);

#endif
