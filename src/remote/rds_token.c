#include "remote/rds_token.h"

#include "base/mem.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_S 900

struct rds {
	struct aws *aws;
	const char *host, *port, *user;
};

struct err *
rds_token(void *mem, struct aws *aws, const char *host, const char *port, const char *user,
	  char **token)
{
	AUTO_MEM void *tmp = mem_root();
	const struct aws_pair query[] = { { "Action", "connect" }, { "DBUser", user } };
	const struct aws_request request = {
		.service = "rds-db", .method = "GET", .path = "/", .query = query, .n_query = 2
	};
	char *url;

	TRY(aws_presign(tmp, aws, &request, mem_printf(tmp, "%s:%s", host, port), TOKEN_S, &url));
	*token = mem_strdup(mem, strstr(url, "://") + 3);
	return NULL;
}

static struct err *
rds_make(void *mem, const void *arg, const char **user, const char **password)
{
	const struct rds *rds = arg;
	char *token;
	struct err *e = rds_token(mem, rds->aws, rds->host, rds->port, rds->user, &token);

	if (e)
		return err_wrap(e, "cannot make a login token for '%s'", rds->user);
	*user = NULL; /* the DSN's */
	*password = token;
	return NULL;
}

/* What libpq will take: the DSN's value, else the variable's, else its own. */
static const char *
rds_value(void *mem, const PQconninfoOption *dsn, const PQconninfoOption *defaults,
	  const char *keyword)
{
	const PQconninfoOption *lists[] = { dsn, defaults };

	for (size_t i = 0; i < 2; i++) {
		for (const PQconninfoOption *o = lists[i]; o && o->keyword; o++) {
			if (!strcmp(o->keyword, keyword) && o->val && *o->val)
				return mem_strdup(mem, o->val);
		}
	}
	return NULL;
}

static struct err *
rds_check(const struct rds *rds, const char *sslmode, const char *root)
{
	if (!rds->host || *rds->host == '/' || strchr(rds->host, ','))
		return err_hint(err_new(ERR_CONFIG, "a login by token needs one host in the DSN"),
				"give the instance's endpoint, no other name of it");
	if (!rds->user)
		return err_hint(err_new(ERR_CONFIG, "a login by token needs a user in the DSN"),
				"give one that was granted rds_iam: 'user=NAME'");
	if (!sslmode || strcmp(sslmode, "verify-full") || !root)
		return err_hint(
			err_new(ERR_CONFIG, "a login by token needs sslmode=verify-full and "
					    "sslrootcert: the token goes in clear to whoever "
					    "answers"),
			"AWS publishes its roots as global-bundle.pem: write 'sslmode=verify-full "
			"sslrootcert=/path/global-bundle.pem' into the DSN");
	return NULL;
}

struct err *
rds_login(void *mem, const char *dsn, const char *region, struct pg_login *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct aws_config config = { .region = region };
	struct rds *rds = mem_new(tmp, struct rds);
	PQconninfoOption *parsed = PQconninfoParse(dsn, NULL);
	PQconninfoOption *defaults = PQconndefaults();
	const char *sslmode = rds_value(tmp, parsed, defaults, "sslmode");
	const char *root = rds_value(tmp, parsed, defaults, "sslrootcert");

	rds->host = rds_value(rds, parsed, defaults, "host");
	rds->port = rds_value(rds, parsed, defaults, "port");
	rds->user = rds_value(rds, parsed, NULL, "user");
	PQconninfoFree(parsed);
	PQconninfoFree(defaults);
	TRY(rds_check(rds, sslmode, root));
	TRY(aws_open(rds, &config, &rds->aws));
	mem_move(mem, rds);
	*out = (struct pg_login){
		.make = rds_make,
		.arg = rds,
		.refused = mem_printf(
			rds,
			"allow rds-db:connect as '%s' to whom the credentials belong, and "
			"GRANT rds_iam TO it",
			rds->user),
	};
	return NULL;
}

struct err *
rds_identity(void *mem, const struct pg_login *login, char **text)
{
	const struct rds *rds = login->arg;

	return aws_identity(mem, rds->aws, text);
}
