#include "remote/endpoint.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* "emr-serverless" as variables and files name it: "EMR_SERVERLESS", "emr_serverless". */
static char *
config_name(void *mem, const char *service, bool upper)
{
	char *name =
		mem_strdup(mem, strcmp(service, "secretsmanager") ? service : "secrets_manager");

	for (size_t i = 0; name[i]; i++) {
		if (name[i] == '-')
			name[i] = '_';
		else if (upper)
			name[i] = (char)toupper((unsigned char)name[i]);
	}
	return name;
}

static bool
is_true(const char *text)
{
	return text && !strcasecmp(text, "true");
}

/* A switch that stands in a variable or in the profile. */
static bool
switched(const struct profiles *files, const char *profile, const char *variable, const char *key)
{
	const char *text = aws_variable(variable);

	return is_true(text ? text : profiles_get(files, profile, key));
}

static const char *
configured(void *mem, const struct profiles *files, const char *profile, const char *service)
{
	char *variable = mem_printf(mem, "AWS_ENDPOINT_URL_%s", config_name(mem, service, true));
	const char *services = profiles_get(files, profile, "services");
	const char *url = aws_variable(variable);

	if (switched(files, profile, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
		     "ignore_configured_endpoint_urls"))
		return NULL;
	if (!url)
		url = aws_variable("AWS_ENDPOINT_URL");
	if (!url && services)
		url = profiles_section(files, "services", services,
				       config_name(mem, service, false), "endpoint_url");
	if (!url || !*url)
		url = profiles_get(files, profile, "endpoint_url");
	return url && *url ? url : NULL;
}

static struct err *
split_url(void *mem, const char *service, const char *url, struct endpoint *out)
{
	bool https = !strncmp(url, "https://", 8), http = !strncmp(url, "http://", 7);
	const char *host = url + (https ? 8 : 7);
	size_t n = https || http ? strcspn(host, "/?#") : 0;
	const char *shown = strrchr(url, '@'); /* a password may stand before it */

	if (!n || memchr(host, '@', n) || strpbrk(host, "?# \r\n"))
		return err_hint(err_new(ERR_CONFIG, "bad endpoint '%s%s' of %s", shown ? ".." : "",
					shown ? shown : url, service),
				"write it as https://HOST[:PORT]");
	out->scheme = https ? "https" : "http";
	const char *port = https ? ":443" : ":80";
	size_t port_n = strlen(port);
	const char *base = host + n;
	/* The Host header, which is signed, leaves the default port out. */
	if (n > port_n && !strncmp(host + n - port_n, port, port_n))
		n -= port_n;
	out->host = mem_strndup(mem, host, n);
	n = strlen(base);
	while (n && base[n - 1] == '/')
		n--;
	out->base = mem_strndup(mem, base, n);
	return NULL;
}

static const char *
own_host(void *mem, const struct profiles *files, const char *profile, const char *service,
	 const char *region)
{
	bool china = !strncmp(region, "cn-", 3);
	bool dual =
		switched(files, profile, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
	bool fips = switched(files, profile, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
	const char *name = strcmp(service, "sso") ? service : "portal.sso";

	if (fips)
		name = mem_printf(mem, "%s-fips", name);

	if (dual && strcmp(service, "s3"))
		return mem_printf(mem, "%s.%s.%s", name, region,
				  china ? "api.amazonwebservices.com.cn" : "api.aws");
	return mem_printf(mem, "%s%s.%s.%s", name, dual ? ".dualstack" : "", region,
			  china ? "amazonaws.com.cn" : "amazonaws.com");
}

/* A wildcard certificate covers one label, and a host's label has no capitals. */
static bool
fits_host(const char *bucket)
{
	size_t n = strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n >= 3 && n <= 63 && !bucket[n];
}

struct err *
endpoint_find(void *mem, const struct profiles *files, const char *profile, const char *service,
	      const char *region, const char *bucket, struct endpoint *out)
{
	const char *url = configured(mem, files, profile, service);
	const char *style = profiles_section(files, "profile", profile, "s3", "addressing_style");

	*out = (struct endpoint){ .scheme = "https", .base = "" };
	if (url)
		return split_url(mem, service, url, out);
	out->host = own_host(mem, files, profile, service, region);
	out->bucket_in_host = bucket && fits_host(bucket) && !(style && !strcmp(style, "path"));
	if (out->bucket_in_host)
		out->host = mem_printf(mem, "%s.%s", bucket, out->host);
	return NULL;
}
