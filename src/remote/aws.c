#include "remote/aws.h"

#include "base/cancel.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "remote/credentials.h"
#include "remote/endpoint.h"
#include "remote/fault.h"
#include "remote/http.h"
#include "remote/metadata.h"
#include "remote/profile.h"
#include "remote/sigv4.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define CONNECT_S	10
#define BUDGET_S	60
#define BODY_MAX	(16 << 20)
#define TRIES_MAX	3
#define DELAY_MS	50   /* doubled at each try */
#define THROTTLED_MS	1000 /* the same, where too much was asked */
#define DELAY_MAX_MS	20000
#define TOLD_MAX_MS	5000 /* that x-amz-retry-after may add */
#define QUOTA		500
#define QUOTA_AGAIN	14
#define QUOTA_THROTTLED 5
#define SKEW_SURE_S	240 /* what a signature's refusal is blamed on */

/* Where a bucket turned out to be. */
struct place {
	const char *bucket, *region;
	struct place *next;
};

struct aws {
	struct aws_config config; /* its strings are ours */
	struct profiles *files;
	const char *profile;
	bool named; /* by the caller */
	struct http *http;
	struct place *places;
	long long skew_s;	/* as the last answer says */
	long long correction_s; /* what we sign with: skew_s once it was to blame */
	int quota;
};

/* --- setup --- */

static const char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

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
	aws->quota = QUOTA;
	aws->named = named;
	aws->profile = copy(aws, first(first(named, variable("AWS_PROFILE")), "default"));
	TRY(profiles_read(aws, &aws->files));
	TRY(need_profile(aws));
	region = first(region, first(variable("AWS_REGION"), variable("AWS_DEFAULT_REGION")));
	aws->config.region =
		copy(aws, first(region, profiles_get(aws->files, aws->profile, "region")));
	TRY(http_open(aws,
		      first(variable("AWS_CA_BUNDLE"),
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

/* --- one try --- */

/* One call with its tries. */
struct call {
	struct aws *aws;
	const struct aws_request *r;
	const char *sha256;
	long long deadline_ms, stall_ms;
	int tries;
	bool clock_set, renewed, redirected; /* each once */
	struct fault fault;		     /* of the last try, where the service answered */
	struct err *first;
};

/* What is sent, signed; owned by the try's scratch memory. */
struct wire {
	struct endpoint at;
	struct credentials as;
	const char *url;
	struct sigv4_request sigv4;
	struct sigv4_by by;
	struct aws_pair *headers;
	size_t n_headers;
};

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

static bool
is_s3(const struct aws_request *r)
{
	return !strcmp(r->service, "s3");
}

static const char *
wire_path(void *mem, const struct aws_request *r, const struct endpoint *at)
{
	if (!is_s3(r))
		return mem_printf(mem, "%s%s", at->base, r->path);
	const char *bucket = at->bucket_in_host ? NULL : r->bucket;

	return mem_printf(mem, "%s%s%s%s%s", at->base, bucket ? "/" : "", bucket ? bucket : "",
			  *r->path || !bucket ? "/" : "", sigv4_encode(mem, r->path, true));
}

/* All but the headers. */
static struct err *
address(void *mem, struct aws *aws, const struct aws_request *r, const char *host, struct wire *w)
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
					   .verbatim = is_s3(r),
					   .query = r->query,
					   .n_query = r->n_query };
	return NULL;
}

static void
add(struct wire *w, const char *name, const char *value)
{
	w->headers[w->n_headers++] = (struct aws_pair){ name, value };
}

static void
sign(void *mem, const struct call *c, struct wire *w)
{
	const struct aws_request *r = c->r;
	struct sigv4 signature;
	const char *query = sigv4_query(mem, r->query, r->n_query);

	w->url = mem_printf(mem, "%s://%s%s%s%s", w->at.scheme, w->at.host, w->sigv4.path,
			    *query ? "?" : "", query);
	w->headers = mem_array(mem, struct aws_pair, r->n_headers + 5);
	for (size_t i = 0; i < r->n_headers; i++)
		add(w, r->headers[i].name, r->headers[i].value);
	if (w->as.id)
		add(w, "x-amz-content-sha256", c->sha256);
	w->sigv4.headers = w->headers;
	w->sigv4.n_headers = w->n_headers;
	w->sigv4.sha256 = c->sha256;
	if (w->as.id) {
		sigv4_sign(mem, &w->by, &w->sigv4, &signature);
		add(w, "x-amz-date", signature.date);
		if (w->as.token)
			add(w, "x-amz-security-token", w->as.token);
		add(w, "authorization", signature.authorization);
	}
	add(w, "host", w->at.host);
}

static struct err *
send_once(void *mem, void *tmp, const struct call *c, struct wire *w, struct aws_answer *out)
{
	const struct aws_request *r = c->r;

	TRY(address(tmp, c->aws, r, NULL, w));
	sign(tmp, c, w);
	struct http_request h = { .method = r->method,
				  .url = w->url,
				  .headers = w->headers,
				  .n_headers = w->n_headers,
				  .body = r->body,
				  .fd = r->fd,
				  .offset = r->offset,
				  .bytes = r->bytes,
				  .to = r->to,
				  .max = r->max ? r->max : BODY_MAX,
				  .connect_timeout_ms = c->aws->config.connect_timeout_s * 1000,
				  .stall_ms = (int)c->stall_ms,
				  .deadline_ms = c->deadline_ms,
				  .deaf = c->aws->config.deaf };
	return http_send(mem, c->aws->http, &h, out);
}

/* --- what to do next --- */

/* The clock of the service, where the answer tells it. */
static void
learn_skew(struct aws *aws, const struct aws_answer *a)
{
	const char *date = aws_header(a, "date");
	time_t theirs = date ? curl_getdate(date, NULL) : -1;

	if (theirs > 0)
		aws->skew_s = theirs - time_now_us() / 1000000;
}

static bool
correct_clock(struct call *c)
{
	long long off = c->aws->skew_s - c->aws->correction_s;
	bool sure = c->fault.kind == FAULT_CLOCK || off >= SKEW_SURE_S || off <= -SKEW_SURE_S;

	if (c->clock_set || !sure || !off)
		return false;
	c->clock_set = true;
	c->aws->correction_s = c->aws->skew_s;
	log_warn("the clock of this machine and that of %s differ by %lld s", c->r->service,
		 c->aws->skew_s);
	return true;
}

static bool
renew_credentials(struct call *c, const struct wire *w)
{
	struct profiles *files;
	struct err *e;

	if (c->renewed || c->aws->config.as || !w->as.id)
		return false;
	c->renewed = true;
	credentials_expired(&w->as);
	/* Others may have been written into them. */
	e = profiles_read(c->aws, &files);
	if (!e)
		c->aws->files = files;
	err_free(e);
	return true;
}

static bool
go_to_region(struct call *c, const struct wire *w)
{
	struct aws *aws = c->aws;

	if (c->redirected || !c->r->bucket || !c->fault.region ||
	    !strcmp(c->fault.region, w->by.region))
		return false;
	c->redirected = true;
	struct place *p = mem_new(aws, struct place);
	p->bucket = mem_strdup(p, c->r->bucket);
	p->region = mem_strdup(p, c->fault.region);
	p->next = aws->places;
	aws->places = p;
	return true;
}

/* Can the cause be taken away, so that the next try goes at once? */
static bool
mend(struct call *c, const struct wire *w)
{
	switch (c->fault.kind) {
	case FAULT_CLOCK:
	case FAULT_SIGNED:
		return correct_clock(c);
	case FAULT_EXPIRED:
		return renew_credentials(c, w);
	case FAULT_REGION:
		return go_to_region(c, w);
	case FAULT_FINAL:
	case FAULT_AGAIN:
	case FAULT_THROTTLE:
		break;
	}
	return false;
}

static int
tries_max(void)
{
	const char *text = variable("AWS_MAX_ATTEMPTS");
	long n = text ? strtol(text, NULL, 10) : TRIES_MAX;

	return n >= 1 && n <= 100 ? (int)n : TRIES_MAX;
}

/* 0 to max_ms, so that those who failed together do not come back together. */
static long long
jitter_ms(long long max_ms)
{
	unsigned short n = 0;

	if (getrandom(&n, sizeof(n), 0) < 0)
		n = 32768; /* no entropy is no reason to hurry */
	return max_ms * n / 65535;
}

static long long
delay_ms(const struct call *c, const struct aws_answer *a, bool throttled)
{
	long long max = throttled ? THROTTLED_MS : DELAY_MS;
	const char *told = aws_header(a, "x-amz-retry-after");
	long long at_least = told ? strtoll(told, NULL, 10) : 0;

	for (int i = 1; i < c->tries && max < DELAY_MAX_MS; i++)
		max *= 2;
	long long ms = jitter_ms(max < DELAY_MAX_MS ? max : DELAY_MAX_MS);
	if (at_least > ms + TOLD_MAX_MS)
		at_least = ms + TOLD_MAX_MS;
	return at_least > ms ? at_least : ms;
}

/* false: it is over. */
static bool
wait_for_next(struct call *c, const struct aws_answer *a, bool throttled)
{
	int cost = throttled ? QUOTA_THROTTLED : QUOTA_AGAIN;
	long long ms = delay_ms(c, a, throttled);

	if (c->tries >= tries_max() || c->aws->quota < cost)
		return false;
	if (time_tick_ms() + ms >= c->deadline_ms)
		return false;
	c->aws->quota -= cost;
	if (c->aws->config.deaf)
		poll(NULL, 0, (int)ms);
	else
		time_sleep_ms((int)ms);
	return c->aws->config.deaf || !cancel_requested();
}

/* --- a call --- */

static struct err *
hash_file(const struct aws_request *r, char hex[DIGEST_HEX])
{
	AUTO_MEM void *tmp = mem_root();
	struct digest *d = digest_new(tmp);
	char *buffer = mem_array(tmp, char, HTTP_SLOWEST);
	long long done = 0;

	while (done < r->bytes) {
		long long left = r->bytes - done;
		ssize_t n = pread(r->fd, buffer, left < HTTP_SLOWEST ? (size_t)left : HTTP_SLOWEST,
				  r->offset + done);

		if (n <= 0)
			return n ? err_sys(ERR_DATA, "cannot read what is to be sent")
				 : err_new(ERR_DATA, "the file to be sent became shorter");
		digest_update(d, buffer, (size_t)n);
		done += n;
	}
	digest_hex(d, hex);
	return NULL;
}

static struct err *
hash_body(void *mem, const struct aws_request *r, const char **sha256)
{
	struct digest *d = digest_new(mem);
	char *hex = mem_array(mem, char, DIGEST_HEX);

	*sha256 = r->sha256 ? r->sha256 : hex;
	if (r->sha256)
		return NULL;
	if (!r->body)
		return hash_file(r, hex);
	digest_update(d, r->body, (size_t)r->bytes);
	digest_hex(d, hex);
	return NULL;
}

static char *
subject_of(void *mem, const struct aws_request *r)
{
	if (!is_s3(r))
		return mem_strdup(mem, r->service);
	return mem_printf(mem, "s3: %s '%s%s%s'", r->method, r->bucket ? r->bucket : "",
			  *r->path ? "/" : "", r->path);
}

static bool
succeeded(int status)
{
	return status / 100 == 2 || status == 304 || status == 412 || status == 416;
}

/* The error of one try, or NULL; c->fault tells its kind. */
static struct err *
judge(void *mem, struct call *c, const struct wire *w, const struct aws_answer *a, struct err *e)
{
	AUTO_MEM char *subject = subject_of(NULL, c->r);

	c->fault = (struct fault){ .kind = FAULT_FINAL };
	if (e) {
		if (err_may_retry(e->code))
			c->fault.kind = FAULT_AGAIN;
		return e->code == ERR_CANCELLED ? e : err_wrap(e, "%s", subject);
	}
	learn_skew(c->aws, a);
	if (succeeded(a->status)) {
		if (c->r->late_fault && a->status == 200 && fault_late(mem, a, &c->fault))
			return fault_err(&c->fault, subject);
		return NULL;
	}
	fault_read(mem, a, &c->fault);
	log_debug("%s: %d %s from %s", subject, a->status, c->fault.code, w->at.host);
	return fault_err(&c->fault, subject);
}

/* One that may be repeated and was: the first says why, and how often it was tried. */
static struct err *
give_up(struct call *c, struct err *e, long long start_ms)
{
	AUTO_MEM void *tmp = mem_root();
	bool again = c->fault.kind == FAULT_AGAIN || c->fault.kind == FAULT_THROTTLE;

	if (!again || c->tries < 2) {
		err_free(c->first);
		return e;
	}
	e = err_first(c->first, e);
	return err_wrap(e, "tried %d times in %s", c->tries,
			time_duration(tmp, time_tick_ms() - start_ms));
}

/* Try until it is done or over. */
static struct err *
try_all(void *mem, void *scratch, struct call *c, struct aws_answer *out)
{
	long long start_ms = time_tick_ms();

	for (;;) {
		AUTO_MEM void *tmp = mem_root();
		struct wire w = { 0 };
		struct aws_answer a = { 0 };
		struct err *e = send_once(mem, tmp, c, &w, &a);

		c->tries++;
		e = judge(scratch, c, &w, &a, e);
		if (!e) {
			*out = a;
			return NULL;
		}
		bool throttled = c->fault.kind == FAULT_THROTTLE;
		bool again = throttled || c->fault.kind == FAULT_AGAIN;
		if (a.bytes || (!mend(c, &w) && !(again && wait_for_next(c, &a, throttled))))
			return give_up(c, e, start_ms);
		if (again)
			c->first = err_first(c->first, e);
		else
			err_free(e);
		mem_free(a.body.s);
	}
}

struct err *
aws_call(void *mem, struct aws *aws, const struct aws_request *request, struct aws_answer *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct call c = { .aws = aws, .r = request };
	long long budget_ms = aws->config.budget_s * 1000LL;

	if (!aws->config.deaf)
		TRY(cancel_check());
	TRY(hash_body(tmp, request, &c.sha256));
	c.deadline_ms = time_tick_ms() + budget_ms;
	c.stall_ms = budget_ms / TRIES_MAX;
	TRY(try_all(mem, tmp, &c, out));
	err_free(c.first);
	/* What the tries cost comes back with the success. */
	aws->quota += c.tries > 1 ? QUOTA_AGAIN : 1;
	if (aws->quota > QUOTA)
		aws->quota = QUOTA;
	return NULL;
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

	TRY(address(tmp, aws, request, host, &w));
	if (!w.as.id)
		return err_new(ERR_AUTH, "no AWS credentials to sign a URL with");
	w.sigv4.sha256 = is_s3(request) ? SIGV4_UNSIGNED : SIGV4_EMPTY;
	*url = mem_printf(mem, "%s://%s%s?%s", w.at.scheme, w.at.host, w.sigv4.path,
			  sigv4_presign(tmp, &w.by, &w.sigv4, seconds, NULL));
	return NULL;
}
