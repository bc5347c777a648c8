#include "base/mem.h"
#include "base/strbuf.h"
#include "remote/credentials.h"
#include "remote/sts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS_MIN 900
#define SECONDS_MAX 43200
#define CHAINED_MAX 3600 /* of a role that another role assumes */
#define TOKEN_MAX   65536

static const char *
get(const struct credentials_seek *seek, const char *key)
{
	return profiles_get(seek->files, seek->profile, key);
}

static bool
visited(const struct credentials_via *via, const char *profile)
{
	for (; via; via = via->up)
		if (!strcmp(via->profile, profile))
			return true;
	return false;
}

static struct err *
circle(const struct credentials_via *via, const char *profile)
{
	AUTO_MEM void *tmp = mem_root();
	char *path = mem_strdup(tmp, profile);

	for (; via; via = via->up)
		path = mem_printf(tmp, "%s -> %s", via->profile, path);
	return err_hint(
		err_new(ERR_CONFIG, "the profiles' source_profile goes in a circle: %s", path),
		"end it at a profile with keys of its own");
}

/* By the profile that source_profile names. */
static struct err *
by_profile(void *mem, const struct credentials_seek *seek, const char *source,
	   struct credentials *out)
{
	struct credentials_via via = { seek->profile, seek->via };
	struct credentials_seek next = *seek;

	if (!profiles_has(seek->files, source))
		return err_new(ERR_CONFIG,
			       "profile '%s' has the source_profile '%s', which is not there",
			       seek->profile, source);
	next.profile = source;
	next.named = true;
	next.via = &via;
	/* A role's profile may hold the keys that assume it. */
	if (!strcmp(source, seek->profile) && get(seek, "aws_access_key_id"))
		return credentials_from_files(mem, &next, out);
	if (visited(&via, source))
		return circle(&via, source);
	return credentials_from_profile(mem, &next, out);
}

static struct err *
by_machine(void *mem, const struct credentials_seek *seek, const char *source,
	   struct credentials *out)
{
	static const struct {
		const char *name;
		credentials_place *from;
	} rows[] = { { "Environment", credentials_from_environment },
		     { "Ec2InstanceMetadata", credentials_from_instance },
		     { "EcsContainer", credentials_from_container } };
	struct credentials_seek next = *seek;

	next.named = false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, source))
			continue;
		TRY(rows[i].from(mem, &next, out));
		if (!out->id)
			return err_new(ERR_AUTH, "profile '%s': credential_source %s has none",
				       seek->profile, source);
		return NULL;
	}
	return err_hint(err_new(ERR_CONFIG, "profile '%s': unknown credential_source '%s'",
				seek->profile, source),
			"it is Environment, Ec2InstanceMetadata or EcsContainer");
}

static struct err *
seconds_of(const struct credentials_seek *seek, int *seconds)
{
	const char *text = get(seek, "duration_seconds");
	char *end;
	long n = text ? strtol(text, &end, 10) : 0;

	if (text && (*end || n < SECONDS_MIN || n > SECONDS_MAX))
		return err_new(ERR_CONFIG, "profile '%s': duration_seconds '%s' is not %d to %d",
			       seek->profile, text, SECONDS_MIN, SECONDS_MAX);
	*seconds = (int)n;
	return NULL;
}

static struct err *
source_of(void *mem, const struct credentials_seek *seek, struct credentials *out)
{
	const char *profile = get(seek, "source_profile"),
		   *machine = get(seek, "credential_source");

	if (!profile == !machine)
		return err_hint(err_new(ERR_CONFIG, "profile '%s' has a role_arn, and %s",
					seek->profile,
					profile ? "both source_profile and credential_source"
						: "nothing to assume it with"),
				"set one of source_profile and credential_source");
	return profile ? by_profile(mem, seek, profile, out) : by_machine(mem, seek, machine, out);
}

struct err *
credentials_from_role(void *mem, const struct credentials_seek *seek, struct credentials *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct sts_role role = { .arn = get(seek, "role_arn"),
				 .session = get(seek, "role_session_name"),
				 .external_id = get(seek, "external_id") };
	struct credentials source = { 0 };

	if (!role.arn || get(seek, "web_identity_token_file"))
		return NULL;
	if (get(seek, "mfa_serial"))
		return err_hint(
			err_new(ERR_CONFIG, "profile '%s' asks for a code of an MFA device",
				seek->profile),
			"get credentials in another way, for example by credential_process");
	TRY(seconds_of(seek, &role.seconds));
	TRY(source_of(tmp, seek, &source));
	if (source.token && role.seconds > CHAINED_MAX)
		role.seconds = CHAINED_MAX;
	TRY(sts_assume(mem, seek, &source, &role, out));
	out->source = mem_printf(mem, "profile '%s', role %s, by %s", seek->profile, role.arn,
				 source.source);
	return NULL;
}

/* --- web identity --- */

static struct err *
read_token(void *mem, const char *path, char **token)
{
	char *text = mem_array(mem, char, TOKEN_MAX + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(ERR_CONFIG, "cannot read the token in '%s'", path);
	ssize_t n = read(fd, text, TOKEN_MAX);
	close(fd);
	if (n <= 0 || n == TOKEN_MAX)
		return err_new(ERR_CONFIG, "'%s' holds no token", path);
	text[n] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	*token = text;
	return NULL;
}

static const char *
variable(const struct credentials_seek *seek, const char *name, const char *key)
{
	const char *value = seek->named ? NULL : aws_variable(name);

	return value ? value : get(seek, key);
}

struct err *
credentials_from_web_identity(void *mem, const struct credentials_seek *seek,
			      struct credentials *out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *file = variable(seek, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
	struct sts_role role = {
		.arn = variable(seek, "AWS_ROLE_ARN", "role_arn"),
		.session = variable(seek, "AWS_ROLE_SESSION_NAME", "role_session_name"),
	};
	struct credentials nobody = { 0 };
	char *token;

	if (!file)
		return NULL;
	if (!role.arn)
		return err_hint(
			err_new(ERR_CONFIG, "a web identity's token is in '%s', but no role", file),
			"set AWS_ROLE_ARN, or role_arn in the profile");
	TRY(read_token(tmp, file, &token));
	role.web_token = token;
	struct err *e = sts_assume(mem, seek, &nobody, &role, out);
	explicit_bzero(token, strlen(token));
	if (!e)
		out->source = mem_printf(mem, "web identity in '%s', role %s", file, role.arn);
	return e;
}
