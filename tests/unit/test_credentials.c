#include "base/thread.h"
#include "base/time.h"
#include "remote/aws.h"
#include "remote/credentials.h"
#include "remote/endpoint.h"
#include "remote/metadata.h"
#include "remote/profile.h"

#include <sched.h>
#include <stdlib.h>

#include "unit.h"

/* --- the shared files --- */

static const char config[] = "# comment\n"
			     "[default]\n"
			     "region = eu-west-1 ; kept\n"
			     "[profile ops]\n"
			     "region=us-east-2\n"
			     "s3 =\n"
			     "  addressing_style = path\n"
			     "\tmax = 1\n"
			     "output = json\n"
			     "  continued = no key\n"
			     "services = local\n"
			     "aws_access_key_id = OLD\n"
			     "[ops]\n"
			     "region = nowhere\n"
			     "[profile \tspaced ]\n"
			     "   region = ap-south-1\n"
			     "   output = text\n"
			     "[sso-session corp]\r\n"
			     "sso_region = us-west-2\r\n"
			     "[services local]\n"
			     "s3 =\n"
			     "  endpoint_url = http://127.0.0.1:9000/base/\n"
			     "emr_serverless = \n"
			     "  endpoint_url = https://emr.local:443\n"
			     "[profile empty]\n"
			     "region =\n";
static const char secrets[] = "[ops]\n"
			      "aws_access_key_id = AKIDOPS\n"
			      "aws_secret_access_key = a=b=c\n"
			      "aws_access_key_id = AKIDLAST\n"
			      "; [x]\n"
			      "[profile]\n"
			      "region = p\n";

struct get_row {
	const char *name;
	const char *kind, *section, *parent, *key;
	const char *want;
};

static const struct get_row get_rows[] = {
	{ "default", "profile", "default", NULL, "region", "eu-west-1 ; kept" },
	{ "another", "profile", "ops", NULL, "region", "us-east-2" },
	{ "nested", "profile", "ops", "s3", "addressing_style", "path" },
	{ "second nested", "profile", "ops", "s3", "max", "1" },
	{ "nested is not plain", "profile", "ops", NULL, "max", NULL },
	{ "after nested", "profile", "ops", NULL, "output", "json" },
	{ "goes on with a value", "profile", "ops", NULL, "continued", NULL },
	{ "credentials go first, the last of a file counts", "profile", "ops", NULL,
	  "aws_access_key_id", "AKIDLAST" },
	{ "value with =", "profile", "ops", NULL, "aws_secret_access_key", "a=b=c" },
	{ "indented section", "profile", "spaced", NULL, "output", "text" },
	{ "other section, CRLF", "sso-session", "corp", NULL, "sso_region", "us-west-2" },
	{ "services", "services", "local", "s3", "endpoint_url", "http://127.0.0.1:9000/base/" },
	{ "no value", "profile", "empty", NULL, "region", NULL },
	{ "a credentials' section named profile", "profile", "profile", NULL, "region", "p" },
	{ "no such key", "profile", "ops", NULL, "nothing", NULL },
	{ "no such section", "profile", "none", NULL, "region", NULL },
};

static void
gets_values(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct get_row *row = *state;
	struct profiles *p;

	assert_err(profiles_parse(tmp, config, secrets, &p), NULL);
	assert_text(profiles_section(p, row->kind, row->section, row->parent, row->key), row->want);
}

static void
knows_profiles(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct profiles *p;

	(void)state;
	assert_err(profiles_parse(tmp, config, secrets, &p), NULL);
	assert_true(profiles_has(p, "ops"));
	assert_true(profiles_has(p, "empty"));
	assert_false(profiles_has(p, "corp"));
	assert_text(profiles_file(p, "ops", "aws_access_key_id"), "credentials");
	assert_text(profiles_file(p, "ops", "region"), "config");
	assert_text(profiles_file(p, "ops", "nothing"), NULL);
	assert_err(profiles_parse(tmp, NULL, NULL, &p), NULL);
	assert_false(profiles_has(p, "default"));
}

struct bad_row {
	const char *name; /* the file */
	const char *want;
};

static const struct bad_row bad_rows[] = {
	{ "[profile x\n", "'config' line 1 is not [SECTION]" },
	{ "\nkey = value\n", "'config' line 2 is not KEY = VALUE in a section" },
	/* never the line itself: it may be a key that lost its name */
	{ "[default]\nwJalrXUtnFEMI\n", "'config' line 2 is not KEY = VALUE in a section" },
};

static void
refuses_lines(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct bad_row *row = *state;
	struct profiles *p;

	assert_err(profiles_parse(tmp, row->name, NULL, &p), row->want);
}

/* No input stops it: bytes of a valid file turned, cut and put together anew. */
static void
takes_anything(void **state)
{
	static const char set[] = "[]=#; \t\n\rabprofile\x80";
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		AUTO_MEM void *tmp = mem_root();
		char *text = mem_strdup(tmp, config);
		struct profiles *p;

		for (int n = 0; n < 20; n++) {
			seed = seed * 1103515245 + 12345;
			text[(seed >> 8) % (sizeof(config) - 1)] = set[(seed >> 20) % sizeof(set)];
		}
		struct err *e = profiles_parse(tmp, text, text, &p);
		assert_true(!e || e->code == ERR_CONFIG);
		err_free(e);
	}
}

/* --- JSON --- */

struct json_row {
	const char *name;
	const char *json;
	const char *want;
	const char *token;
	long long expires_us;
};

static const struct json_row json_rows[] = {
	{ "all",
	  "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Token\":\"T\","
	  "\"Expiration\":\"1970-01-01T00:00:02Z\"}",
	  NULL, "T", 2000000 },
	{ "for ever", "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\"}", NULL, NULL, 0 },
	{ "no secret", "{\"AccessKeyId\":\"A\"}", "the answer holds no credentials", NULL, 0 },
	{ "a number", "{\"AccessKeyId\":1,\"SecretAccessKey\":2}",
	  "the answer holds no credentials", NULL, 0 },
	{ "a line break", "{\"AccessKeyId\":\"A\\r\\nX: y\",\"SecretAccessKey\":\"S\"}",
	  "the answer holds no credentials", NULL, 0 },
	{ "bad time", "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Expiration\":\"soon\"}",
	  "the answer's Expiration is no time", NULL, 0 },
	{ "no JSON", "<html>", "the answer holds no credentials", NULL, 0 },
	{ "a list", "[]", "the answer holds no credentials", NULL, 0 },
	{ "nothing", "", "the answer holds no credentials", NULL, 0 },
};

static void
reads_json(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct json_row *row = *state;
	struct credentials c = { 0 };

	assert_err(credentials_parse(tmp, row->json, strlen(row->json), "Token", &c), row->want);
	assert_text(c.id, row->want ? NULL : "A");
	assert_text(c.secret, row->want ? NULL : "S");
	assert_text(c.token, row->token);
	assert_int_equal(c.expires_us, row->expires_us);
}

/* --- credential_process --- */

struct process_row {
	const char *name; /* the command */
	const char *want; /* the error, or NULL */
};

static const struct process_row process_rows[] = {
	{ "printf '{\"Version\":1,\"AccessKeyId\":\"A B\",\"SecretAccessKey\":\"S\"}'", NULL },
	{ "printf {\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"A\\ B\\\",\"\\\"SecretAccessKey\\\"\":\\\"S\\\"}",
	  NULL },
	{ "printf '{\"Version\":2,\"AccessKeyId\":\"A B\",\"SecretAccessKey\":\"S\"}'",
	  "credential_process of profile 'p': it does not print JSON with \"Version\": 1" },
	/* no shell reads it */
	{ "printf $(id)|true", "credential_process of profile 'p': it does not print JSON with "
			       "\"Version\": 1" },
	{ "printf 'x", "credential_process of profile 'p': a quote is not closed" },
	{ "/nowhere/at/all", "credential_process of profile 'p': cannot run '/nowhere/at/all': No "
			     "such file or directory" },
};

static void
runs_a_process(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct process_row *row = *state;
	struct credentials_seek seek = { .profile = "p" };
	struct credentials c = { 0 };
	struct profiles *p;

	assert_err(
		profiles_parse(tmp,
			       mem_printf(tmp, "[profile p]\ncredential_process = %s\n", row->name),
			       NULL, &p),
		NULL);
	seek.files = p;
	assert_err(credentials_from_process(tmp, &seek, &c), row->want);
	assert_text(c.id, row->want ? NULL : "A B");
	assert_text(c.source, row->want ? NULL : "profile 'p', credential_process");
}

/* --- roles --- */

struct role_row {
	const char *name;
	const char *config;
	const char *want;
};

static const struct role_row role_rows[] = {
	{ "circle of two",
	  "[profile p]\nrole_arn=r\nsource_profile=q\n[profile q]\nrole_arn=r\nsource_profile=p\n",
	  "the profiles' source_profile goes in a circle: p -> q -> p" },
	{ "circle of one without keys", "[profile p]\nrole_arn=r\nsource_profile=p\n",
	  "the profiles' source_profile goes in a circle: p -> p" },
	{ "circle without p",
	  "[profile p]\nrole_arn=r\nsource_profile=q\n[profile q]\nrole_arn=r\nsource_profile=q\n",
	  "the profiles' source_profile goes in a circle: p -> q -> q" },
	{ "no source", "[profile p]\nrole_arn=r\n",
	  "profile 'p' has a role_arn, and nothing to assume it with" },
	{ "two sources",
	  "[profile p]\nrole_arn=r\nsource_profile=p\ncredential_source=Environment\n",
	  "profile 'p' has a role_arn, and both source_profile and credential_source" },
	{ "unknown source", "[profile p]\nrole_arn=r\ncredential_source=Here\n",
	  "profile 'p': unknown credential_source 'Here'" },
	{ "no such profile", "[profile p]\nrole_arn=r\nsource_profile=q\n",
	  "profile 'p' has the source_profile 'q', which is not there" },
	{ "source without keys", "[profile p]\nrole_arn=r\nsource_profile=q\n[profile q]\n",
	  "no AWS credentials for profile 'q'; sought in: role_arn, web identity, SSO, the shared "
	  "files, credential_process" },
	{ "a device", "[profile p]\nrole_arn=r\nsource_profile=p\nmfa_serial=m\n",
	  "profile 'p' asks for a code of an MFA device" },
	{ "too short", "[profile p]\nrole_arn=r\nsource_profile=p\nduration_seconds=60\n",
	  "profile 'p': duration_seconds '60' is not 900 to 43200" },
	{ "no number", "[profile p]\nrole_arn=r\nsource_profile=p\nduration_seconds=1h\n",
	  "profile 'p': duration_seconds '1h' is not 900 to 43200" },
};

static void
refuses_roles(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct role_row *row = *state;
	struct credentials_seek seek = { .profile = "p", .named = true };
	struct credentials c = { 0 };
	struct profiles *p;

	assert_err(profiles_parse(tmp, row->config, NULL, &p), NULL);
	seek.files = p;
	assert_err(credentials_from_role(tmp, &seek, &c), row->want);
	assert_null(c.id);
}

/* --- a container's agent --- */

struct host_row {
	const char *name;
	bool want;
};

static const struct host_row host_rows[] = {
	{ "https://anywhere.example/x", true },
	{ "http://127.0.0.1:80/x", true },
	{ "http://127.9.9.9", true },
	{ "http://localhost:8080/x", true },
	{ "http://[::1]:80/x", true },
	{ "http://169.254.170.2/x", true },
	{ "http://169.254.170.23/v1/credentials", true },
	{ "http://[fd00:ec2::23]/v1", true },
	{ "http://169.254.169.254/", false },
	{ "http://10.0.0.1/", false },
	{ "http://127.0.0.1.example/", false },
	{ "http://localhost.example/", false },
	{ "http://127.0.0.1@example/", false },
	{ "http://example/@127.0.0.1", false },
	{ "http://[::1", false },
	{ "http://", false },
	{ "ftp://127.0.0.1/", false },
	{ "", false },
};

static void
allows_hosts(void **state)
{
	const struct host_row *row = *state;

	assert_int_equal(metadata_allows(row->name), row->want);
}

/* --- endpoints --- */

struct endpoint_row {
	const char *name;
	const char *variable, *value; /* set for this row */
	const char *profile, *service, *region, *bucket;
	const char *want; /* scheme, host, base, or the error */
};

static const struct endpoint_row endpoint_rows[] = {
	{ "S3", NULL, NULL, "default", "s3", "eu-west-1", "shop-raw",
	  "https shop-raw.s3.eu-west-1.amazonaws.com " },
	{ "us-east-1 has its own", NULL, NULL, "default", "s3", "us-east-1", "shop-raw",
	  "https shop-raw.s3.us-east-1.amazonaws.com " },
	{ "a dot", NULL, NULL, "default", "s3", "eu-west-1", "shop.raw",
	  "https s3.eu-west-1.amazonaws.com " },
	{ "capitals", NULL, NULL, "default", "s3", "us-east-1", "Shop",
	  "https s3.us-east-1.amazonaws.com " },
	{ "path style", NULL, NULL, "ops", "sts", "us-east-1", NULL,
	  "https sts.us-east-1.amazonaws.com " },
	{ "no bucket", NULL, NULL, "default", "s3", "us-east-1", NULL,
	  "https s3.us-east-1.amazonaws.com " },
	{ "China", NULL, NULL, "default", "sts", "cn-north-1", NULL,
	  "https sts.cn-north-1.amazonaws.com.cn " },
	{ "SSO", NULL, NULL, "default", "sso", "us-east-1", NULL,
	  "https portal.sso.us-east-1.amazonaws.com " },
	{ "dual stack S3", "AWS_USE_DUALSTACK_ENDPOINT", "true", "default", "s3", "us-east-1",
	  "shop", "https shop.s3.dualstack.us-east-1.amazonaws.com " },
	{ "dual stack", "AWS_USE_DUALSTACK_ENDPOINT", "TRUE", "default", "sts", "us-east-1", NULL,
	  "https sts.us-east-1.api.aws " },
	{ "FIPS", "AWS_USE_FIPS_ENDPOINT", "true", "default", "emr-serverless", "us-east-1", NULL,
	  "https emr-serverless-fips.us-east-1.amazonaws.com " },
	{ "of the profile's services", NULL, NULL, "ops", "s3", "us-east-1", "shop",
	  "http 127.0.0.1:9000 /base" },
	{ "default port", NULL, NULL, "ops", "emr-serverless", "us-east-1", NULL,
	  "https emr.local " },
	{ "variable of the service", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://h:80", "ops",
	  "secretsmanager", "us-east-1", NULL, "http h " },
	{ "variable", "AWS_ENDPOINT_URL", "https://[::1]:8443/", "ops", "s3", "us-east-1", "shop",
	  "https [::1]:8443 " },
	{ "ignored", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", "ops", "s3", "us-east-1",
	  "shop.x", "https s3.us-east-1.amazonaws.com " },
	{ "no scheme", "AWS_ENDPOINT_URL", "localhost:9000", "default", "s3", "us-east-1", NULL,
	  "bad endpoint 'localhost:9000' of s3" },
	{ "a password", "AWS_ENDPOINT_URL", "http://a:b@h", "default", "s3", "us-east-1", NULL,
	  "bad endpoint '..@h' of s3" },
	{ "a query", "AWS_ENDPOINT_URL", "http://h/?x", "default", "s3", "us-east-1", NULL,
	  "bad endpoint 'http://h/?x' of s3" },
	{ "no host", "AWS_ENDPOINT_URL", "https:///x", "default", "s3", "us-east-1", NULL,
	  "bad endpoint 'https:///x' of s3" },
};

static void
finds_endpoints(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct endpoint_row *row = *state;
	struct profiles *p;
	struct endpoint at;

	assert_err(profiles_parse(tmp, config, secrets, &p), NULL);
	if (row->variable)
		setenv(row->variable, row->value, 1);
	struct err *e =
		endpoint_find(tmp, p, row->profile, row->service, row->region, row->bucket, &at);
	if (row->variable)
		unsetenv(row->variable);
	if (e)
		assert_err(e, row->want);
	else
		assert_text(mem_printf(tmp, "%s %s %s", at.scheme, at.host, at.base), row->want);
}

/* --- all threads at once --- */

/* Each finds the keys expired, which the environment gives again. */
static struct err *
expire_often(void *arg)
{
	const struct credentials_seek *seek = arg;

	for (int i = 0; i < 5000; i++) {
		AUTO_MEM void *tmp = mem_root();
		struct credentials c = { 0 };

		TRY(credentials_get(tmp, seek, &c));
		if (strcmp(c.id, "AKIDENV"))
			return err_new(ERR_DATA, "'%s'", c.id);
		for (int n = 0; n < i % 7; n++) /* the request, which fails */
			sched_yield();
		credentials_expired(&c);
	}
	return NULL;
}

static void
expire_under_others(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct credentials_seek seek = { .profile = "default" };
	struct thread *threads[4];

	(void)state;
	setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	for (int i = 0; i < 4; i++)
		threads[i] = thread_start(tmp, expire_often, &seek);
	for (int i = 0; i < 4; i++)
		assert_err(thread_join(threads[i]), NULL);
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, gets_values, get_rows);
	UNIT(&u, knows_profiles);
	UNIT_ROWS(&u, refuses_lines, bad_rows);
	UNIT(&u, takes_anything);
	UNIT_ROWS(&u, reads_json, json_rows);
	UNIT_ROWS(&u, runs_a_process, process_rows);
	UNIT_ROWS(&u, refuses_roles, role_rows);
	UNIT_ROWS(&u, allows_hosts, host_rows);
	UNIT_ROWS(&u, finds_endpoints, endpoint_rows);
	UNIT(&u, expire_under_others);
	return unit_run(&u, "credentials");
}
