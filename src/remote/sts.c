#include "remote/sts.h"

#include "base/mem.h"
#include "base/time.h"
#include "remote/sigv4.h"
#include "remote/xml.h"

#include <string.h>

#define VERSION	 "2011-06-15"
#define HOUR_S	 3600
#define PAIRS	 8
#define TYPE	 "application/x-www-form-urlencoded"
#define BUDGET_S 15

struct form {
	struct aws_pair pairs[PAIRS];
	size_t n;
};

static void
add(struct form *f, const char *name, const char *value)
{
	if (value)
		f->pairs[f->n++] = (struct aws_pair){ name, value };
}

static struct err *
post(void *mem, struct aws *aws, const struct form *f, struct aws_answer *out)
{
	static const struct aws_pair type = { "content-type", TYPE };
	char *body = sigv4_query(mem, f->pairs, f->n);
	struct aws_request r = { .service = "sts",
				 .method = "POST",
				 .path = "/",
				 .headers = &type,
				 .n_headers = 1,
				 .body = body,
				 .bytes = (long long)strlen(body) };
	struct err *e = aws_call(mem, aws, &r, out);

	explicit_bzero(body, strlen(body)); /* may hold a token */
	return e;
}

struct taking {
	void *mem;
	struct credentials c;
	char *arn;
	const char *until;
};

static void
take(void *arg, const char *path, const char *text)
{
	struct taking *t = arg;
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char **to = !strcmp(name, "AccessKeyId")	     ? &t->c.id
			  : !strcmp(name, "SecretAccessKey") ? &t->c.secret
			  : !strcmp(name, "SessionToken")    ? &t->c.token
			  : !strcmp(name, "Expiration")	     ? &t->until
							     : NULL;

	if (to)
		*to = mem_strdup(t->mem, text);
	else if (!strcmp(name, "Arn"))
		t->arn = mem_strdup(t->mem, text);
}

static struct err *
ask(void *mem, const struct credentials_seek *seek, const struct credentials *as,
    const struct form *form, const char *root, struct taking *t)
{
	struct aws_config config = { .region = seek->region,
				     .profile = seek->profile,
				     .budget_s = BUDGET_S,
				     .deaf = seek->deaf,
				     .as = as };
	struct aws_answer a;
	struct aws *aws;

	t->mem = mem;
	TRY(aws_open(mem, &config, &aws));
	TRY(post(mem, aws, form, &a));
	return xml_read(a.body.s, a.body.len, root, take, t);
}

struct err *
sts_assume(void *mem, const struct credentials_seek *seek, const struct credentials *as,
	   const struct sts_role *role, struct credentials *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct form f = { 0 };
	struct taking t = { 0 };

	add(&f, "Action", role->web_token ? "AssumeRoleWithWebIdentity" : "AssumeRole");
	add(&f, "Version", VERSION);
	add(&f, "RoleArn", role->arn);
	add(&f, "RoleSessionName",
	    role->session ? role->session
			  : mem_printf(tmp, "bikeops-%lld", time_now_us() / 1000000));
	add(&f, "DurationSeconds", mem_printf(tmp, "%d", role->seconds ? role->seconds : HOUR_S));
	add(&f, "ExternalId", role->external_id);
	add(&f, "WebIdentityToken", role->web_token);
	struct err *e = ask(
		tmp, seek, as, &f,
		role->web_token ? "AssumeRoleWithWebIdentityResponse" : "AssumeRoleResponse", &t);
	if (!e && (!t.c.id || !t.c.secret || !t.c.token || !t.until ||
		   !time_parse(t.until, &t.c.expires_us)))
		e = err_new(ERR_REMOTE, "the answer holds no credentials");
	if (e)
		return err_wrap(e, "cannot assume role '%s'", role->arn);
	t.c.source = "";
	credentials_copy(mem, &t.c, out);
	return NULL;
}

struct err *
sts_identity(void *mem, struct aws *aws, char **arn)
{
	AUTO_MEM void *tmp = mem_root();
	struct form f = { 0 };
	struct taking t = { .mem = mem };
	struct aws_answer a;

	add(&f, "Action", "GetCallerIdentity");
	add(&f, "Version", VERSION);
	TRY(post(tmp, aws, &f, &a));
	TRY(xml_read(a.body.s, a.body.len, "GetCallerIdentityResponse", take, &t));
	if (!t.arn)
		return err_new(ERR_REMOTE, "sts: the answer names nobody");
	*arn = t.arn;
	return NULL;
}
