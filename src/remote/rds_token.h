/*
 * Logins to RDS by a token in place of a password: a URL that AWS credentials signed.
 * Source: RDS User Guide, "IAM database authentication".
 */
#ifndef BIKEOPS_REMOTE_RDS_TOKEN_H
#define BIKEOPS_REMOTE_RDS_TOKEN_H

#include "remote/aws.h"
#include "remote/pg.h"

/* The token with which user may log in at host and port within 15 minutes; a secret. */
struct err *rds_token(void *mem, struct aws *aws, const char *host, const char *port,
		      const char *user, char **token) MUST_CHECK;

/*
 * A login for pg_config that makes a token for each connection, as long as mem lives.
 *
 * dsn     conninfo or URI: the endpoint's own name, a user, and a certificate that is verified, as
 *         a token is a password in clear
 * region  or NULL: as AWS's tools find it
 * errors  ERR_CONFIG: what of these the DSN lacks; ERR_AUTH comes with the login
 */
struct err *rds_login(void *mem, const char *dsn, const char *region, struct pg_login *out)
	MUST_CHECK;
/* Whose credentials make the tokens: see aws_identity(). */
struct err *rds_identity(void *mem, const struct pg_login *login, char **text) MUST_CHECK;

#endif
