#include "base/mem.h"
#include "base/time.h"
#include "remote/aws.h"
#include "remote/credentials.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET_S 15

/* What a profile says of IAM Identity Center; session NULL in the older form. */
struct sso {
	const char *profile, *session, *start_url, *region, *account, *role;
};

static struct err *
log_in(const struct sso *sso, const char *why)
{
	return err_hint(err_new(ERR_AUTH, "profile '%s': %s", sso->profile, why),
			"run: aws sso login --profile %s", sso->profile);
}

static const char *
value(const struct credentials_seek *seek, const struct sso *sso, const char *key)
{
	return sso->session ? profiles_section(seek->files, "sso-session", sso->session, NULL, key)
			    : profiles_get(seek->files, seek->profile, key);
}

/* false: the profile says nothing of it. */
static bool
read_profile(const struct credentials_seek *seek, struct sso *sso)
{
	*sso = (struct sso){ .profile = seek->profile,
			     .session = profiles_get(seek->files, seek->profile, "sso_session"),
			     .account = profiles_get(seek->files, seek->profile, "sso_account_id"),
			     .role = profiles_get(seek->files, seek->profile, "sso_role_name") };
	sso->start_url = value(seek, sso, "sso_start_url");
	sso->region = value(seek, sso, "sso_region");
	return sso->account && sso->role;
}

/* ~/.aws/sso/cache/SHA1.json, as 'aws sso login' names it. */
static char *
cache_path(void *mem, const struct sso *sso)
{
	const char *key = sso->session ? sso->session : sso->start_url, *home = getenv("HOME");
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	char *path = mem_printf(mem, "%s/.aws/sso/cache/", home ? home : "");

	EVP_Digest(key, strlen(key), sum, &n, EVP_sha1(), NULL);
	for (unsigned i = 0; i < n; i++)
		path = mem_printf(mem, "%s%02x", path, (unsigned)sum[i]);
	return mem_printf(mem, "%s.json", path);
}

static struct err *
read_token(void *mem, const struct sso *sso, char **token)
{
	json_t *root = json_load_file(cache_path(mem, sso), 0, NULL);
	const char *text = json_string_value(json_object_get(root, "accessToken"));
	const char *until = json_string_value(json_object_get(root, "expiresAt"));
	long long until_us;
	bool ok = text && *text && !strpbrk(text, "\r\n") && until && time_parse(until, &until_us);
	bool alive = ok && time_now_us() < until_us;

	*token = alive ? mem_strdup(mem, text) : NULL;
	json_decref(root);
	if (!ok)
		return log_in(sso, "not logged in to SSO");
	return alive ? NULL : log_in(sso, "the SSO login has expired");
}

static struct err *
take(void *mem, const struct strbuf *body, struct credentials *out)
{
	json_t *root = json_loadb(body->s, body->len, 0, NULL);
	const json_t *c = json_object_get(root, "roleCredentials");
	struct credentials got = {
		.id = json_string_value(json_object_get(c, "accessKeyId")),
		.secret = json_string_value(json_object_get(c, "secretAccessKey")),
		.token = json_string_value(json_object_get(c, "sessionToken")),
		.expires_us = json_integer_value(json_object_get(c, "expiration")) * 1000,
		.source = "",
	};
	bool ok = got.id && got.secret && got.token && got.expires_us;

	if (ok)
		credentials_copy(mem, &got, out);
	json_decref(root);
	return ok ? NULL : err_new(ERR_REMOTE, "the answer of SSO holds no credentials");
}

static struct err *
ask(void *mem, const struct credentials_seek *seek, const struct sso *sso, const char *token,
    struct aws_answer *out)
{
	struct credentials nobody = { 0 };
	struct aws_config config = { .region = sso->region,
				     .profile = seek->profile,
				     .budget_s = BUDGET_S,
				     .deaf = seek->deaf,
				     .as = &nobody };
	struct aws_pair query[] = { { "account_id", sso->account }, { "role_name", sso->role } };
	struct aws_pair header = { "x-amz-sso_bearer_token", token };
	struct aws_request r = { .service = "sso",
				 .method = "GET",
				 .path = "/federation/credentials",
				 .query = query,
				 .n_query = 2,
				 .headers = &header,
				 .n_headers = 1 };
	struct aws *aws;

	TRY(aws_open(mem, &config, &aws));
	return aws_call(mem, aws, &r, out);
}

struct err *
credentials_from_sso(void *mem, const struct credentials_seek *seek, struct credentials *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct aws_answer a;
	struct sso sso;
	char *token;

	if (!read_profile(seek, &sso))
		return NULL;
	if (!sso.start_url || !sso.region)
		return err_new(ERR_CONFIG, "profile '%s': SSO needs sso_start_url and sso_region",
			       sso.profile);
	TRY(read_token(tmp, &sso, &token));
	struct err *e = ask(tmp, seek, &sso, token, &a);
	explicit_bzero(token, strlen(token));
	if (e && e->code == ERR_AUTH)
		return err_first(log_in(&sso, "SSO refuses the login"), e);
	TRY(e);
	TRY(take(mem, &a.body, out));
	out->source = mem_printf(mem, "profile '%s', SSO role %s in %s", sso.profile, sso.role,
				 sso.account);
	return NULL;
}
