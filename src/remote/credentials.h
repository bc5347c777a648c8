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
	bool outlive; /* of an instance, which uses them on where it can get no others */
};

/* A profile on the way from one that names it as its source. */
struct credentials_via {
	const char *profile;
	const struct credentials_via *up;
};

/* Who asks, and with what. */
struct credentials_seek {
	const struct profiles *files;
	const char *profile;
	bool named;	    /* by the operator: variables do not go before it */
	const char *region; /* of STS, or NULL */
	struct http *http;
	bool deaf;
	const struct credentials_via *via; /* NULL where the operator named the profile */
};

/*
 * mem     owns the strings
 * errors  ERR_AUTH: there are none, and where they were sought; ERR_CONFIG; ERR_NET, ERR_TIMEOUT
 */
struct err *credentials_get(void *mem, const struct credentials_seek *seek, struct credentials *out)
	MUST_CHECK;
/* The service says that these expired: the next one who asks gets others, where there are. */
void credentials_expired(const struct credentials *c);

/* What one of the places gives; out->id stays NULL where it has none. */
typedef struct err *credentials_place(void *mem, const struct credentials_seek *seek,
				      struct credentials *out);
credentials_place credentials_from_environment;
credentials_place credentials_from_files;
credentials_place credentials_from_role;	 /* role_arn of the profile */
credentials_place credentials_from_web_identity; /* AWS_WEB_IDENTITY_TOKEN_FILE, or the profile's */
credentials_place credentials_from_sso;
credentials_place credentials_from_process; /* credential_process */
credentials_place credentials_from_container;
credentials_place credentials_from_instance; /* IMDSv2 */
/* All places that a profile names; what the machine gives is not among them. */
credentials_place credentials_from_profile;

/* Of JSON {"AccessKeyId", "SecretAccessKey", token, "Expiration"}; token is the key's name.
 * errors  ERR_REMOTE, without a word of the text */
struct err *credentials_parse(void *mem, const char *json, size_t bytes, const char *token,
			      struct credentials *out) MUST_CHECK;

/* Copy them, secrets in memory that is wiped when it is freed. */
void credentials_copy(void *mem, const struct credentials *from, struct credentials *to);

#endif
