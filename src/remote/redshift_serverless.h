/*
 * The control API of Amazon Redshift Serverless.
 * Source: API 2021-04-21 of redshift-serverless, JSON 1.1.
 */
#ifndef BIKEOPS_REMOTE_REDSHIFT_SERVERLESS_H
#define BIKEOPS_REMOTE_REDSHIFT_SERVERLESS_H

#include "base/err.h"
#include "remote/aws.h"

/* errors of all: those of aws_call(); ERR_NOTFOUND: no such workgroup; what ERR_AUTH says names
 * the action and the resource that are not allowed */

struct redshift_workgroup {
	const char *status; /* AVAILABLE, CREATING, MODIFYING, DELETING */
	const char *address;
	int port;
	int base_capacity; /* RPUs */
	const char *space; /* its namespace */
};

struct err *redshift_workgroup(void *mem, struct aws *aws, const char *name,
			       struct redshift_workgroup *out) MUST_CHECK;
/* ARNs of the roles that a namespace's databases may take: [n]. */
struct err *redshift_roles(void *mem, struct aws *aws, const char *space, const char ***arns,
			   size_t *n) MUST_CHECK;
/* A user and a password, good for a login within 15 minutes; sessions outlive them.  Secret. */
struct err *redshift_credentials(void *mem, struct aws *aws, const char *workgroup,
				 const char **user, const char **password) MUST_CHECK;

#endif
