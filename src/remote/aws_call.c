#include "base/cancel.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "remote/aws_wire.h"
#include "remote/fault.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define BODY_MAX	(16 << 20)
#define TRIES_MAX	3
#define DELAY_MS	50   /* doubled at each try */
#define THROTTLED_MS	1000 /* the same, where too much was asked */
#define DELAY_MAX_MS	20000
#define TOLD_MAX_MS	5000 /* that x-amz-retry-after may add */
#define QUOTA_AGAIN	14
#define QUOTA_THROTTLED 5
#define SKEW_SURE_S	240 /* what a signature's refusal is blamed on */

/* One call with its tries. */
struct call {
	struct aws *aws;
	const struct aws_request *r;
	const char *sha256;
	long long start_ms, deadline_ms, stall_ms;
	int tries;
	bool clock_set, renewed, redirected; /* each once */
	struct fault fault;		     /* of the last try, where the service answered */
	struct err *first;
};

static struct err *
send_once(void *mem, const struct call *c, const struct wire *w, struct aws_answer *out)
{
	const struct aws_request *r = c->r;
	struct http_request h = { .method = r->method,
				  .url = w->url,
				  .headers = w->headers,
				  .n_headers = w->n_headers,
				  .body = r->body,
				  .fd = r->fd,
				  .offset = r->offset,
				  .bytes = r->bytes,
				  .sent = r->sent,
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
	const char *text = getenv("AWS_MAX_ATTEMPTS");
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
	if (!aws_is_s3(r))
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

/* Of one that was repeated the first says why, and all how often. */
static struct err *
give_up(struct call *c, struct err *e)
{
	AUTO_MEM void *tmp = mem_root();
	bool again = c->fault.kind == FAULT_AGAIN || c->fault.kind == FAULT_THROTTLE;

	if (again && !c->aws->config.deaf && cancel_requested()) {
		/* It ended the wait between two tries. */
		err_free(e);
		e = err_new(ERR_CANCELLED, "cancelled");
	}
	if (!again || c->tries < 2 || e->code == ERR_CANCELLED) {
		err_free(c->first);
		return e;
	}
	e = err_first(c->first, e);
	return err_wrap(e, "tried %d times in %s", c->tries,
			time_duration(tmp, time_tick_ms() - c->start_ms));
}

/* true: done or over, with e. */
static bool
try_once(void *mem, void *scratch, struct call *c, struct aws_answer *out, struct err **e)
{
	AUTO_MEM void *tmp = mem_root();
	struct wire w;
	struct aws_answer a;

	c->fault = (struct fault){ .kind = FAULT_FINAL };
	/* Who gives credentials repeats itself what is worth it. */
	*e = aws_address(tmp, c->aws, c->r, NULL, &w);
	if (*e)
		return true;
	aws_seal(tmp, c->r, c->sha256, &w);
	*e = judge(scratch, c, &w, &a, send_once(mem, c, &w, &a));
	c->tries++;
	/* As within the try: what it moved puts the end off. */
	c->deadline_ms += (a.sent + a.bytes + (long long)a.body.len) * 1000 / HTTP_SLOWEST;
	if (!*e) {
		*out = a;
		return true;
	}
	if (c->r->sent)
		atomic_fetch_sub(c->r->sent, a.sent);
	bool throttled = c->fault.kind == FAULT_THROTTLE;
	bool again = throttled || c->fault.kind == FAULT_AGAIN;
	if (a.bytes || (!mend(c, &w) && !(again && wait_for_next(c, &a, throttled))))
		return true;
	mem_free(a.body.s);
	if (again)
		c->first = err_first(c->first, *e);
	else
		err_free(*e);
	return false;
}

struct err *
aws_call(void *mem, struct aws *aws, const struct aws_request *request, struct aws_answer *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct call c = { .aws = aws, .r = request };
	long long budget_ms = aws->config.budget_s * 1000LL;

	struct err *e = NULL;

	if (!aws->config.deaf)
		TRY(cancel_check());
	TRY(hash_body(tmp, request, &c.sha256));
	c.start_ms = time_tick_ms();
	c.deadline_ms = c.start_ms + budget_ms;
	c.stall_ms = budget_ms / TRIES_MAX;
	while (!try_once(mem, tmp, &c, out, &e))
		;
	if (e)
		return give_up(&c, e);
	err_free(c.first);
	/* What the tries cost comes back with the success. */
	aws->quota += c.tries > 1 ? QUOTA_AGAIN : 1;
	if (aws->quota > AWS_QUOTA)
		aws->quota = AWS_QUOTA;
	return NULL;
}
