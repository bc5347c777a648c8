#include "remote/aws.h"

#include "base/mem.h"
#include "base/time.h"
#include "remote/aws_wire.h"
#include "remote/metadata.h"

#include <string.h>

#define CONNECT_S 10
#define BUDGET_S  60

/* --- setup --- */

static const char *
first(const char *a, const char *b)
{
	return a ? a : b;
}

static const char *
copy(void *mem, const char *text)
{
	return text ? mem_strdup(mem, text) : NULL;
}

static struct err *
need_profile(const struct aws *aws)
{
	if (profiles_has(aws->files, aws->profile) || !strcmp(aws->profile, "default"))
		return NULL;
	return err_hint(err_new(ERR_CONFIG, "no AWS profile '%s'", aws->profile),
			"write [profile %s] into ~/.aws/config", aws->profile);
}

struct err *
aws_open(void *mem, const struct aws_config *config, struct aws **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct aws *aws = mem_new(tmp, struct aws);
	const char *named = config->profile && *config->profile ? config->profile : NULL;
	const char *region = config->region && *config->region ? config->region : NULL;

	aws->config = *config;
	if (!config->connect_timeout_s)
		aws->config.connect_timeout_s = CONNECT_S;
	if (!config->budget_s)
		aws->config.budget_s = BUDGET_S;
	aws->quota = AWS_QUOTA;
	aws->named = named;
	aws->profile = copy(aws, first(first(named, aws_variable("AWS_PROFILE")), "default"));
	TRY(profiles_read(aws, &aws->files));
	TRY(need_profile(aws));
	region = first(region,
		       first(aws_variable("AWS_REGION"), aws_variable("AWS_DEFAULT_REGION")));
	aws->config.region =
		copy(aws, first(region, profiles_get(aws->files, aws->profile, "region")));
	TRY(http_open(aws,
		      first(aws_variable("AWS_CA_BUNDLE"),
			    profiles_get(aws->files, aws->profile, "ca_bundle")),
		      &aws->http));
	mem_move(mem, aws);
	*out = aws;
	return NULL;
}

long long
aws_skew_s(const struct aws *aws)
{
	return aws->skew_s;
}

static struct credentials_seek
seek_of(const struct aws *aws)
{
	return (struct credentials_seek){ .files = aws->files,
					  .profile = aws->profile,
					  .named = aws->named,
					  .region = aws->config.region,
					  .http = aws->http,
					  .deaf = aws->config.deaf };
}

struct err *
aws_region(struct aws *aws, const char **region)
{
	struct credentials_seek seek = seek_of(aws);

	if (!aws->config.region)
		TRY(metadata_region(aws, &seek, &aws->config.region));
	if (!aws->config.region)
		return err_hint(err_new(ERR_CONFIG, "no AWS region"),
				"set AWS_REGION, or region in ~/.aws/config");
	*region = aws->config.region;
	return NULL;
}

/* id NULL: the request is not signed. */
static struct err *
credentials_of(void *mem, const struct aws *aws, struct credentials *out)
{
	struct credentials_seek seek = seek_of(aws);

	if (!aws->config.as)
		return credentials_get(mem, &seek, out);
	*out = *aws->config.as;
	return NULL;
}

struct err *
aws_identity(void *mem, struct aws *aws, char **text)
{
	AUTO_MEM void *tmp = mem_root();
	struct credentials c;

	TRY(credentials_of(tmp, aws, &c));
	*text = c.expires_us
			? mem_printf(mem, "%s, until %s", c.source, time_iso(tmp, c.expires_us))
			: mem_strdup(mem, c.source);
	return NULL;
}

/* --- what is sent --- */

static struct err *
region_of(struct aws *aws, const struct aws_request *r, const char **region)
{
	for (const struct place *p = aws->places; p && r->bucket; p = p->next) {
		if (strcmp(p->bucket, r->bucket))
			continue;
		*region = p->region;
		return NULL;
	}
	return aws_region(aws, region);
}

bool
aws_is_s3(const struct aws_request *r)
{
	return !strcmp(r->service, "s3");
}

static const char *
wire_path(void *mem, const struct aws_request *r, const struct endpoint *at)
{
	if (!aws_is_s3(r))
		return mem_printf(mem, "%s%s", at->base, r->path);
	const char *bucket = at->bucket_in_host ? NULL : r->bucket;

	return mem_printf(mem, "%s%s%s%s%s", at->base, bucket ? "/" : "", bucket ? bucket : "",
			  *r->path || !bucket ? "/" : "", sigv4_encode(mem, r->path, true));
}

struct err *
aws_address(void *mem, struct aws *aws, const struct aws_request *r, const char *host,
	    struct wire *w)
{
	const char *region;

	*w = (struct wire){ 0 };
	TRY(region_of(aws, r, &region));
	if (host)
		w->at = (struct endpoint){ .scheme = "https", .host = host, .base = "" };
	else
		TRY(endpoint_find(mem, aws->files, aws->profile, r->service, region, r->bucket,
				  &w->at));
	TRY(credentials_of(mem, aws, &w->as));
	w->by = (struct sigv4_by){ .id = w->as.id,
				   .secret = w->as.secret,
				   .token = w->as.token,
				   .region = region,
				   .service = r->service,
				   .time_us = time_now_us() + aws->correction_s * 1000000 };
	w->sigv4 = (struct sigv4_request){ .method = r->method,
					   .host = w->at.host,
					   .path = wire_path(mem, r, &w->at),
					   .verbatim = aws_is_s3(r),
					   .query = r->query,
					   .n_query = r->n_query };
	return NULL;
}

static void
add(struct wire *w, const char *name, const char *value)
{
	w->headers[w->n_headers++] = (struct aws_pair){ name, value };
}

void
aws_seal(void *mem, const struct aws_request *r, const char *sha256, struct wire *w)
{
	struct sigv4 signature;
	const char *query = sigv4_query(mem, r->query, r->n_query);

	w->url = mem_printf(mem, "%s://%s%s%s%s", w->at.scheme, w->at.host, w->sigv4.path,
			    *query ? "?" : "", query);
	w->headers = mem_array(mem, struct aws_pair, r->n_headers + 5);
	for (size_t i = 0; i < r->n_headers; i++)
		add(w, r->headers[i].name, r->headers[i].value);
	if (w->as.id)
		add(w, "x-amz-content-sha256", sha256);
	w->sigv4.headers = w->headers;
	w->sigv4.n_headers = w->n_headers;
	w->sigv4.sha256 = sha256;
	if (w->as.id) {
		sigv4_sign(mem, &w->by, &w->sigv4, &signature);
		add(w, "x-amz-date", signature.date);
		if (w->as.token)
			add(w, "x-amz-security-token", w->as.token);
		add(w, "authorization", signature.authorization);
	}
	add(w, "host", w->at.host);
}

const char *
aws_header(const struct aws_answer *answer, const char *name)
{
	for (size_t i = 0; i < answer->n_headers; i++)
		if (!strcmp(answer->headers[i].name, name))
			return answer->headers[i].value;
	return NULL;
}

struct err *
aws_presign(void *mem, struct aws *aws, const struct aws_request *request, const char *host,
	    int seconds, char **url)
{
	AUTO_MEM void *tmp = mem_root();
	struct wire w;

	TRY(aws_address(tmp, aws, request, host, &w));
	if (!w.as.id)
		return err_new(ERR_AUTH, "no AWS credentials to sign a URL with");
	w.sigv4.sha256 = aws_is_s3(request) ? SIGV4_UNSIGNED : SIGV4_EMPTY;
	*url = mem_printf(mem, "%s://%s%s?%s", w.at.scheme, w.at.host, w.sigv4.path,
			  sigv4_presign(tmp, &w.by, &w.sigv4, seconds, NULL));
	return NULL;
}
