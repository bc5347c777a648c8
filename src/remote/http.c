#include "remote/http.h"

#include "base/cancel.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/thread.h"
#include "base/time.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define HEADERS_MAX  256
#define POLL_MS	     1000
#define BLOCK_BYTES  (256L << 10) /* read or written at once; curl's 16 KiB cost as much again */
#define EXPECT_BYTES (1LL << 20)  /* a body of this size first asks whether it is welcome */

struct http {
	CURLM *multi;
	CURL *easy;
	const char *ca_file;
};

/* One request under way. */
struct exchange {
	const struct http_request *r;
	struct aws_answer *a;
	struct aws_pair *headers;
	CURL *easy;
	const char *origin; /* "https://host:port": a URL may hold a signature */
	long long sent;	    /* of the body */
	long long moved;    /* both ways */
	long long moved_ms; /* when last */
	struct err *err;    /* of the sink or the file */
};

static int
http_close(struct http *http)
{
	curl_easy_cleanup(http->easy);
	curl_multi_cleanup(http->multi);
	return 0;
}

struct err *
http_open(void *mem, const char *ca_file, struct http **out)
{
	static struct mutex *slot;
	static bool ready;
	struct mutex *m = mutex_shared(&slot);

	mutex_lock(m);
	if (!ready)
		ready = !curl_global_init(CURL_GLOBAL_DEFAULT);
	mutex_unlock(m);
	if (!ready)
		return err_new(ERR_CONFIG, "libcurl does not start");
	if (ca_file && access(ca_file, R_OK))
		return err_sys(ERR_CONFIG, "cannot read the certificates in '%s'", ca_file);
	struct http *http = mem_new(mem, struct http);
	http->multi = mem_check(curl_multi_init());
	http->easy = mem_check(curl_easy_init());
	http->ca_file = ca_file ? mem_strdup(http, ca_file) : NULL;
	mem_on_free(http, http_close);
	*out = http;
	return NULL;
}

static void
moved(struct exchange *x, size_t n)
{
	x->moved += (long long)n;
	x->moved_ms = time_tick_ms();
}

static size_t
on_body(char *data, size_t one, size_t n, void *p)
{
	struct exchange *x = p;
	long status = 0;

	(void)one;
	moved(x, n);
	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	if (!x->r->to || status / 100 != 2) {
		strbuf_add(&x->a->body, data, n);
		if (!x->a->body.full)
			return n;
		x->err = err_new(ERR_DATA, "the answer is larger than %zu bytes", x->r->max);
		return 0;
	}
	x->a->bytes += (long long)n;
	x->err = x->r->to->write(x->r->to, data, n);
	return x->err ? 0 : n;
}

static const char *
lower_name(void *mem, const char *line, size_t n)
{
	char *name = mem_strndup(mem, line, n);

	for (size_t i = 0; i < n; i++)
		name[i] = (char)tolower((unsigned char)name[i]);
	return name;
}

static const char *
trimmed(void *mem, const char *s, size_t n)
{
	for (; n && isspace((unsigned char)*s); s++)
		n--;
	while (n && isspace((unsigned char)s[n - 1]))
		n--;
	return mem_strndup(mem, s, n);
}

static size_t
on_header(char *line, size_t one, size_t n, void *p)
{
	struct exchange *x = p;
	const char *colon = memchr(line, ':', n);

	(void)one;
	moved(x, 0);
	if (n > 5 && !strncmp(line, "HTTP/", 5)) /* another answer: the first said 100 */
		x->a->n_headers = 0;
	else if (colon && x->a->n_headers < HEADERS_MAX) {
		size_t name = (size_t)(colon - line);

		x->headers[x->a->n_headers++] =
			(struct aws_pair){ lower_name(x->headers, line, name),
					   trimmed(x->headers, colon + 1, n - name - 1) };
	}
	return n;
}

static void
count_sent(struct exchange *x, long long n)
{
	x->sent += n;
	x->a->sent = x->sent;
	if (x->r->sent)
		atomic_fetch_add(x->r->sent, n);
}

static size_t
on_read(char *to, size_t one, size_t n, void *p)
{
	struct exchange *x = p;
	long long left = x->r->bytes - x->sent;
	size_t want = left < (long long)(one * n) ? (size_t)left : one * n;

	if (x->r->body && want) {
		memcpy(to, (const char *)x->r->body + x->sent, want);
	} else if (want) {
		ssize_t got = pread(x->r->fd, to, want, x->r->offset + x->sent);

		if (got <= 0) {
			x->err = got ? err_sys(ERR_DATA, "cannot read what is to be sent")
				     : err_new(ERR_DATA, "the file to be sent became shorter");
			return CURL_READFUNC_ABORT;
		}
		want = (size_t)got;
	}
	count_sent(x, (long long)want);
	moved(x, want);
	return want;
}

static int
on_seek(void *p, curl_off_t offset, int origin)
{
	struct exchange *x = p;

	if (origin != SEEK_SET)
		return CURL_SEEKFUNC_FAIL;
	count_sent(x, offset - x->sent);
	return CURL_SEEKFUNC_OK;
}

static struct curl_slist *
header_list(const struct http_request *r)
{
	struct curl_slist *list = NULL;

	for (size_t i = 0; i < r->n_headers; i++) {
		const struct aws_pair *h = &r->headers[i];
		/* ":" would take the header away */
		char *line = mem_printf(NULL, *h->value ? "%s: %s" : "%s;%s", h->name, h->value);

		list = mem_check(curl_slist_append(list, line));
		explicit_bzero(line, strlen(line));
		mem_free(line);
	}
	if (r->bytes < EXPECT_BYTES)
		list = mem_check(curl_slist_append(list, "Expect:"));
	/* Neither is signed, and nobody asked for them. */
	return mem_check(curl_slist_append(list, "Accept:"));
}

static void
set_body(struct exchange *x)
{
	const struct http_request *r = x->r;

	if (!strcmp(r->method, "HEAD")) {
		curl_easy_setopt(x->easy, CURLOPT_NOBODY, 1L);
	} else if (r->bytes || (strcmp(r->method, "GET") && strcmp(r->method, "DELETE"))) {
		curl_easy_setopt(x->easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(x->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->bytes);
		curl_easy_setopt(x->easy, CURLOPT_READFUNCTION, on_read);
		curl_easy_setopt(x->easy, CURLOPT_READDATA, x);
		curl_easy_setopt(x->easy, CURLOPT_SEEKFUNCTION, on_seek);
		curl_easy_setopt(x->easy, CURLOPT_SEEKDATA, x);
	}
	if (strcmp(r->method, "HEAD"))
		curl_easy_setopt(x->easy, CURLOPT_CUSTOMREQUEST, r->method);
}

static void
set_safety(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http");
#else
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTPS | CURLPROTO_HTTP));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* wait for no resolver */
#endif
}

static void
set_options(struct http *http, struct exchange *x, struct curl_slist *headers, char *words)
{
	const struct http_request *r = x->r;

	curl_easy_reset(x->easy);
	set_safety(x->easy);
	curl_easy_setopt(x->easy, CURLOPT_URL, r->url);
	curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(x->easy, CURLOPT_ERRORBUFFER, words);
	curl_easy_setopt(x->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_timeout_ms);
	curl_easy_setopt(x->easy, CURLOPT_BUFFERSIZE, BLOCK_BYTES);
	curl_easy_setopt(x->easy, CURLOPT_UPLOAD_BUFFERSIZE, BLOCK_BYTES);
	curl_easy_setopt(x->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(x->easy, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
	if (http->ca_file)
		curl_easy_setopt(x->easy, CURLOPT_CAINFO, http->ca_file);
	if (r->direct)
		curl_easy_setopt(x->easy, CURLOPT_PROXY, "");
	set_body(x);
}

/* Milliseconds that the exchange may still wait; 0 or less: none. */
static long long
patience_ms(const struct exchange *x)
{
	long long now = time_tick_ms();
	long long stall = x->moved_ms + x->r->stall_ms - now;
	long long budget = x->r->deadline_ms + x->moved * 1000 / HTTP_SLOWEST - now;

	return stall < budget ? stall : budget;
}

static struct err *
wait_for_end(struct http *http, struct exchange *x)
{
	struct curl_waitfd fd = { .fd = cancel_fd(), .events = CURL_WAIT_POLLIN };
	unsigned listens = !x->r->deaf && fd.fd >= 0;

	for (int running = 1;;) {
		CURLMcode code = curl_multi_perform(http->multi, &running);

		if (code)
			return err_new(ERR_NET, "%s", curl_multi_strerror(code));
		if (!running)
			return NULL;
		long long ms = patience_ms(x);
		if (ms <= 0)
			return err_new(ERR_TIMEOUT, "no answer in time");
		curl_multi_poll(http->multi, &fd, listens, (int)(ms < POLL_MS ? ms : POLL_MS),
				NULL);
		if (!x->r->deaf)
			TRY(cancel_check());
	}
}

static struct err *
explain(CURLcode code, const char *words)
{
	const char *text = *words ? words : curl_easy_strerror(code);

	/* More than 90 codes, of which these are no passing fault. */
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
		return err_hint(err_new(ERR_CONFIG, "%s", text),
				"set AWS_CA_BUNDLE to the certificates that the server's chain "
				"ends in");
	if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
		return err_hint(err_new(ERR_CONFIG, "%s", text),
				"write the endpoint as https://HOST[:PORT]");
	return err_new(code == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_NET, "%s", text);
}

static struct err *
transfer(struct http *http, struct exchange *x, const char *words)
{
	CURLcode code = CURLE_OK;
	int left;

	if (curl_multi_add_handle(http->multi, x->easy))
		return err_new(ERR_NET, "libcurl refuses the request");
	struct err *e = wait_for_end(http, x);
	for (CURLMsg *m; !e && (m = curl_multi_info_read(http->multi, &left));)
		code = m->msg == CURLMSG_DONE ? m->data.result : code;
	curl_multi_remove_handle(http->multi, x->easy);
	e = err_first(x->err, e);
	return !e && code ? explain(code, words) : e;
}

/* "https://host:port" of a URL. */
static const char *
origin_of(void *mem, const char *url)
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	return mem_strndup(mem, url, (size_t)(host - url) + strcspn(host, "/?"));
}

struct err *
http_send(void *mem, struct http *http, const struct http_request *r, struct aws_answer *out)
{
	struct exchange x = { .r = r, .a = out, .easy = http->easy, .moved_ms = time_tick_ms() };
	char words[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = header_list(r);
	long status = 0;

	*out = (struct aws_answer){ 0 };
	x.origin = origin_of(mem, r->url);
	x.headers = mem_array(mem, struct aws_pair, HEADERS_MAX);
	strbuf_init(&out->body, mem, r->max);
	set_options(http, &x, headers, words);
	struct err *e = transfer(http, &x, words);
	curl_easy_getinfo(x.easy, CURLINFO_RESPONSE_CODE, &status);
	/* It keeps pointers to what ends here. */
	curl_easy_reset(http->easy);
	curl_slist_free_all(headers);
	out->status = (int)status;
	out->headers = x.headers;
	/* What the sink said, and a cancel, are not about the server. */
	if (!e || e == x.err || e->code == ERR_CANCELLED)
		return e;
	return err_wrap(e, "'%s'", x.origin);
}
