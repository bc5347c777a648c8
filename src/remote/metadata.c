#include "remote/metadata.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/time.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define ANSWER_MAX	65536
#define INSTANCE_URL	"http://169.254.169.254"
#define INSTANCE_URL6	"http://[fd00:ec2::254]"
#define INSTANCE_TOKEN	"/latest/api/token"
#define INSTANCE_ROLES	"/latest/meta-data/iam/security-credentials/"
#define INSTANCE_REGION "/latest/meta-data/placement/region"
#define INSTANCE_TTL	"21600"
#define INSTANCE_MS	1000
#define CONTAINER_URL	"http://169.254.170.2"
#define CONTAINER_MS	2000
#define CONTAINER_TRIES 3

/* Never by a proxy: it would be told the keys. */
static struct err *
ask(void *mem, const struct credentials_seek *seek, const char *method, const char *url,
    const struct aws_pair *header, int ms, struct aws_answer *out)
{
	struct http_request r = { .method = method,
				  .url = url,
				  .headers = header,
				  .n_headers = header ? 1 : 0,
				  .fd = -1,
				  .max = ANSWER_MAX,
				  .connect_timeout_ms = ms,
				  .stall_ms = ms,
				  .deadline_ms = time_tick_ms() + 2LL * ms,
				  .direct = true,
				  .deaf = seek->deaf };

	return http_send(mem, seek->http, &r, out);
}

/* --- an instance --- */

static bool
instance_disabled(void)
{
	const char *off = aws_variable("AWS_EC2_METADATA_DISABLED");

	return off && !strcasecmp(off, "true");
}

static const char *
instance_url(void *mem, const struct credentials_seek *seek, const char *path)
{
	const char *url = aws_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	const char *mode = aws_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");

	if (!url)
		url = profiles_get(seek->files, seek->profile, "ec2_metadata_service_endpoint");
	if (!mode)
		mode = profiles_get(seek->files, seek->profile,
				    "ec2_metadata_service_endpoint_mode");
	if (!url)
		url = mode && !strcasecmp(mode, "ipv6") ? INSTANCE_URL6 : INSTANCE_URL;
	size_t n = strlen(url);
	while (n && url[n - 1] == '/')
		n--;
	return mem_printf(mem, "%.*s%s", (int)n, url, path);
}

static int
instance_number(const char *name, int fallback, int max)
{
	const char *text = aws_variable(name);
	long n = text ? strtol(text, NULL, 10) : fallback;

	return n >= 1 && n <= max ? (int)n : fallback;
}

static int
instance_ms(void)
{
	return instance_number("AWS_METADATA_SERVICE_TIMEOUT", INSTANCE_MS / 1000, 60) * 1000;
}

static bool
passing(const struct err *e)
{
	return e && (e->code == ERR_NET || e->code == ERR_TIMEOUT);
}

/* NULL where there is no instance that would give one. */
static struct err *
instance_token(void *mem, const struct credentials_seek *seek, const char **token)
{
	struct aws_pair ttl = { "x-aws-ec2-metadata-token-ttl-seconds", INSTANCE_TTL };
	int tries = instance_number("AWS_METADATA_SERVICE_NUM_ATTEMPTS", 1, 10);
	struct aws_answer a = { 0 };
	struct err *e;

	*token = NULL;
	do {
		e = ask(mem, seek, "PUT", instance_url(mem, seek, INSTANCE_TOKEN), &ttl,
			instance_ms(), &a);
		if (passing(e)) {
			err_free(e);
			e = NULL;
			a.status = 503;
		}
	} while (!e && a.status >= 500 && --tries > 0);
	TRY(e);
	if (a.status == 200 && a.body.len && !strpbrk(a.body.s, "\r\n"))
		*token = a.body.s;
	return NULL;
}

/* What stands at path, in text; NULL where nothing does.  expired: the token is. */
static struct err *
instance_get(void *mem, const struct credentials_seek *seek, const char *token, const char *path,
	     bool *expired, char **text)
{
	struct aws_pair header = { "x-aws-ec2-metadata-token", token };
	struct aws_answer a;

	*text = NULL;
	TRY(ask(mem, seek, "GET", instance_url(mem, seek, path), &header, instance_ms(), &a));
	*expired = a.status == 401;
	if (a.status == 200)
		*text = a.body.s;
	else if (a.status != 404 && a.status != 401)
		return err_new(ERR_NET, "the instance's metadata service answers %d", a.status);
	return NULL;
}

static struct err *
instance_ask(void *mem, const struct credentials_seek *seek, bool *expired, struct credentials *out)
{
	const char *token;
	char *role, *json;

	TRY(instance_token(mem, seek, &token));
	if (!token)
		return NULL;
	TRY(instance_get(mem, seek, token, INSTANCE_ROLES, expired, &role));
	if (!role)
		return NULL;
	role[strcspn(role, "\r\n")] = '\0';
	TRY(instance_get(mem, seek, token, mem_printf(mem, INSTANCE_ROLES "%s", role), expired,
			 &json));
	if (!json)
		return NULL;
	struct err *e = credentials_parse(mem, json, strlen(json), "Token", out);
	explicit_bzero(json, strlen(json));
	if (e)
		return err_wrap(e, "the instance's role '%s'", role);
	out->source = mem_printf(mem, "the instance's role '%s'", role);
	out->outlive = true;
	return NULL;
}

struct err *
credentials_from_instance(void *mem, const struct credentials_seek *seek, struct credentials *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct credentials c = { 0 };
	bool expired = false;

	if (instance_disabled())
		return NULL;
	TRY(instance_ask(tmp, seek, &expired, &c));
	if (expired)
		TRY(instance_ask(tmp, seek, &expired, &c));
	if (c.id)
		credentials_copy(mem, &c, out);
	return NULL;
}

struct err *
metadata_region(void *mem, const struct credentials_seek *seek, const char **region)
{
	bool expired = false;
	const char *token = NULL;
	char *text = NULL;

	*region = NULL;
	if (!instance_disabled())
		TRY(instance_token(mem, seek, &token));
	if (token)
		TRY(instance_get(mem, seek, token, INSTANCE_REGION, &expired, &text));
	if (text && *text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text))
		*region = text;
	return NULL;
}

/* --- a container --- */

bool
metadata_allows(const char *url)
{
	static const char *const hosts[] = { "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]",
					     "localhost", "[::1]" };

	if (!strncmp(url, "https://", 8))
		return true;
	if (strncmp(url, "http://", 7))
		return false;
	const char *host = url + 7;
	size_t n = strcspn(host, "/?#");
	if (memchr(host, '@', n))
		return false;
	n = *host == '[' ? strcspn(host, "]/") + 1 : strcspn(host, ":/?#");
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (strlen(hosts[i]) == n && !strncmp(host, hosts[i], n))
			return true;
	/* All of 127.0.0.0/8, written as four numbers. */
	return !strncmp(host, "127.", 4) && strspn(host, "0123456789.") == n;
}

static struct err *
container_url(void *mem, const char **url)
{
	const char *relative = aws_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");

	*url = aws_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	if (relative)
		*url = mem_printf(mem, CONTAINER_URL "%s%s", *relative == '/' ? "" : "/", relative);
	else if (*url && !metadata_allows(*url))
		return err_hint(
			err_new(ERR_CONFIG,
				"AWS_CONTAINER_CREDENTIALS_FULL_URI: '%s' is not on this machine",
				*url),
			"use https, or an agent's address");
	return NULL;
}

/* Read each time: the file is rewritten while we run. */
static struct err *
container_token(void *mem, const char **token)
{
	const char *path = aws_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	char *text = mem_array(mem, char, ANSWER_MAX + 1);

	*token = aws_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	if (path) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return err_sys(ERR_CONFIG, "cannot read the container's token in '%s'",
				       path);
		ssize_t n = read(fd, text, ANSWER_MAX);
		close(fd);
		if (n < 0)
			return err_sys(ERR_CONFIG, "cannot read the container's token in '%s'",
				       path);
		text[n] = '\0';
		*token = text;
	}
	if (*token && strpbrk(*token, "\r\n"))
		return err_new(ERR_CONFIG, "the container's token has a line break");
	return NULL;
}

static struct err *
container_ask(void *mem, const struct credentials_seek *seek, const char *url,
	      struct aws_answer *out)
{
	struct aws_pair header = { "authorization", NULL };
	struct err *e = NULL;

	TRY(container_token(mem, &header.value));
	for (int i = 0; i < CONTAINER_TRIES; i++) {
		err_free(e);
		e = ask(mem, seek, "GET", url, header.value ? &header : NULL, CONTAINER_MS, out);
		if ((!e && out->status < 500) || (e && !passing(e)))
			break;
	}
	if (!e && out->status != 200)
		e = err_new(out->status < 500 ? ERR_AUTH : ERR_NET, "'%s' answers %d", url,
			    out->status);
	return e;
}

struct err *
credentials_from_container(void *mem, const struct credentials_seek *seek, struct credentials *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct aws_answer a;
	const char *url;

	TRY(container_url(tmp, &url));
	if (!url)
		return NULL;
	struct err *e = container_ask(tmp, seek, url, &a);
	if (!e)
		e = credentials_parse(mem, a.body.s, a.body.len, "Token", out);
	if (e)
		return err_wrap(e, "the container's credentials");
	out->source = mem_printf(mem, "the container's agent '%s'", url);
	return NULL;
}
