#include "remote/sigv4.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/strbuf.h"

#include <ctype.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define KEY_BYTES 32

struct entry {
	const char *name, *value;
	size_t index; /* keeps the order of equal names */
};

char *
sigv4_encode(void *mem, const char *text, bool path)
{
	static const char hex[] = "0123456789ABCDEF";
	struct strbuf out;

	strbuf_init(&out, mem, SIZE_MAX);
	for (const char *s = text; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c < 0x80 && isalnum(c)) || strchr("-_.~", c) || (path && c == '/')) {
			strbuf_char(&out, *s);
		} else {
			strbuf_char(&out, '%');
			strbuf_char(&out, hex[c >> 4]);
			strbuf_char(&out, hex[c & 15]);
		}
	}
	return out.s;
}

static int
by_name_value(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->value, y->value);
}

static int
by_name_index(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (int)x->index - (int)y->index;
}

char *
sigv4_query(void *mem, const struct aws_pair *query, size_t n)
{
	AUTO_MEM void *tmp = mem_root();
	struct entry *list = mem_array(tmp, struct entry, n + 1);
	struct strbuf out;

	for (size_t i = 0; i < n; i++) {
		list[i].name = sigv4_encode(tmp, query[i].name, false);
		list[i].value = sigv4_encode(tmp, query[i].value, false);
	}
	qsort(list, n, sizeof(list[0]), by_name_value);
	strbuf_init(&out, mem, SIZE_MAX);
	for (size_t i = 0; i < n; i++) {
		strbuf_str(&out, i ? "&" : "");
		strbuf_str(&out, list[i].name);
		strbuf_char(&out, '=');
		strbuf_str(&out, list[i].value);
	}
	return out.s;
}

/* Without dot segments and empty ones, as RFC 3986 5.2.4 and the SDKs have it. */
static char *
normal_path(void *mem, const char *path)
{
	size_t length = strlen(path), n = 0;
	char *out = mem_array(mem, char, length + 2);

	for (const char *s = path; *s;) {
		size_t part = strcspn(s, "/");

		if (part == 2 && !strncmp(s, "..", 2)) {
			while (n && out[--n] != '/')
				;
		} else if (part && !(part == 1 && *s == '.')) {
			out[n++] = '/';
			memcpy(out + n, s, part);
			n += part;
		}
		s += part;
		s += *s == '/';
	}
	if (!n || path[length - 1] == '/')
		out[n++] = '/';
	out[n] = '\0';
	return out;
}

static const char *
lower(void *mem, const char *text)
{
	char *s = mem_strdup(mem, text);

	for (size_t i = 0; s[i]; i++)
		s[i] = (char)tolower((unsigned char)s[i]);
	return s;
}

/* Trimmed, and one space for each run of white space. */
static void
add_value(struct strbuf *out, const char *value)
{
	static const char space[] = " \t\r\n";

	for (const char *s = value + strspn(value, space); *s; s += strspn(s, space)) {
		size_t n = strcspn(s, space);

		strbuf_str(out, s == value + strspn(value, space) ? "" : " ");
		strbuf_add(out, s, n);
		s += n;
	}
}

/* The headers with host, by name. */
static struct entry *
sorted_headers(void *mem, const struct sigv4_request *r, size_t *n)
{
	struct entry *list = mem_array(mem, struct entry, r->n_headers + 1);

	for (size_t i = 0; i < r->n_headers; i++)
		list[i] = (struct entry){ lower(mem, r->headers[i].name), r->headers[i].value, i };
	*n = r->n_headers + 1;
	list[r->n_headers] = (struct entry){ "host", r->host, r->n_headers };
	qsort(list, *n, sizeof(list[0]), by_name_index);
	return list;
}

static void
add_headers(struct strbuf *out, const struct entry *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i && !strcmp(list[i].name, list[i - 1].name)) {
			strbuf_char(out, ',');
		} else {
			strbuf_str(out, i ? "\n" : "");
			strbuf_str(out, list[i].name);
			strbuf_char(out, ':');
		}
		add_value(out, list[i].value);
	}
	strbuf_str(out, "\n\n");
}

static char *
signed_names(void *mem, const struct entry *list, size_t n)
{
	struct strbuf out;

	strbuf_init(&out, mem, SIZE_MAX);
	for (size_t i = 0; i < n; i++) {
		if (i && !strcmp(list[i].name, list[i - 1].name))
			continue;
		strbuf_str(&out, i ? ";" : "");
		strbuf_str(&out, list[i].name);
	}
	return out.s;
}

static char *
canonical_request(void *mem, const struct sigv4_request *r, const char *names)
{
	AUTO_MEM void *tmp = mem_root();
	size_t n;
	struct entry *headers = sorted_headers(tmp, r, &n);
	struct strbuf out;

	strbuf_init(&out, mem, SIZE_MAX);
	strbuf_str(&out, r->method);
	strbuf_char(&out, '\n');
	strbuf_str(&out,
		   r->verbatim ? r->path : sigv4_encode(tmp, normal_path(tmp, r->path), true));
	strbuf_char(&out, '\n');
	strbuf_str(&out, sigv4_query(tmp, r->query, r->n_query));
	strbuf_char(&out, '\n');
	add_headers(&out, headers, n);
	strbuf_str(&out, names);
	strbuf_char(&out, '\n');
	strbuf_str(&out, r->sha256);
	return out.s;
}

static char *
iso_basic(void *mem, long long us)
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;
	char text[32];

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm);
	return mem_strdup(mem, text);
}

static char *
scope(void *mem, const struct sigv4_by *by, const char *date)
{
	return mem_printf(mem, "%.8s/%s/%s/aws4_request", date, by->region, by->service);
}

static void
hmac(unsigned char key[KEY_BYTES], size_t key_bytes, const char *text)
{
	unsigned char sum[KEY_BYTES];

	HMAC(EVP_sha256(), key, (int)key_bytes, (const unsigned char *)text, strlen(text), sum,
	     NULL);
	memcpy(key, sum, KEY_BYTES);
}

static char *
signature(void *mem, const struct sigv4_by *by, const char *date, const char *to_sign)
{
	AUTO_MEM void *tmp = mem_root();
	char *secret = mem_printf(tmp, "AWS4%s", by->secret);
	char *day = mem_strndup(tmp, date, 8);
	char *hex = mem_array(mem, char, 2 * KEY_BYTES + 1);
	unsigned char key[KEY_BYTES];

	HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)day, 8, key, NULL);
	explicit_bzero(secret, strlen(secret));
	hmac(key, sizeof(key), by->region);
	hmac(key, sizeof(key), by->service);
	hmac(key, sizeof(key), "aws4_request");
	hmac(key, sizeof(key), to_sign);
	for (size_t i = 0; i < sizeof(key); i++) {
		hex[2 * i] = "0123456789abcdef"[key[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[key[i] & 15];
	}
	return hex;
}

static void
sign(void *mem, const struct sigv4_by *by, const struct sigv4_request *r, const char *names,
     struct sigv4 *out)
{
	char hex[DIGEST_HEX];

	out->canonical = canonical_request(mem, r, names);
	digest_text(out->canonical, hex);
	out->to_sign = mem_printf(mem, ALGORITHM "\n%s\n%s\n%s", out->date,
				  scope(mem, by, out->date), hex);
	out->signature = signature(mem, by, out->date, out->to_sign);
}

void
sigv4_sign(void *mem, const struct sigv4_by *by, const struct sigv4_request *r, struct sigv4 *out)
{
	struct sigv4_request full = *r;
	struct aws_pair *headers = mem_array(mem, struct aws_pair, r->n_headers + 2);
	size_t n;

	for (size_t i = 0; i < r->n_headers; i++)
		headers[i] = r->headers[i];
	out->date = iso_basic(mem, by->time_us);
	headers[full.n_headers++] = (struct aws_pair){ "x-amz-date", out->date };
	if (by->token)
		headers[full.n_headers++] = (struct aws_pair){ "x-amz-security-token", by->token };
	full.headers = headers;
	struct entry *list = sorted_headers(mem, &full, &n);
	char *names = signed_names(mem, list, n);
	sign(mem, by, &full, names, out);
	out->authorization =
		mem_printf(mem, ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s",
			   by->id, scope(mem, by, out->date), names, out->signature);
}

char *
sigv4_presign(void *mem, const struct sigv4_by *by, const struct sigv4_request *r, int seconds,
	      struct sigv4 *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct sigv4_request full = *r;
	struct aws_pair *query = mem_array(tmp, struct aws_pair, r->n_query + 6);
	struct sigv4 scratch;
	size_t n;
	struct entry *list = sorted_headers(tmp, r, &n);
	char *names = signed_names(tmp, list, n);

	if (!out)
		out = &scratch;
	for (size_t i = 0; i < r->n_query; i++)
		query[i] = r->query[i];
	out->authorization = NULL;
	out->date = iso_basic(mem, by->time_us);
	char *credential = mem_printf(tmp, "%s/%s", by->id, scope(tmp, by, out->date));
	query[full.n_query++] = (struct aws_pair){ "X-Amz-Algorithm", ALGORITHM };
	query[full.n_query++] = (struct aws_pair){ "X-Amz-Credential", credential };
	query[full.n_query++] = (struct aws_pair){ "X-Amz-Date", out->date };
	query[full.n_query++] =
		(struct aws_pair){ "X-Amz-Expires", mem_printf(tmp, "%d", seconds) };
	query[full.n_query++] = (struct aws_pair){ "X-Amz-SignedHeaders", names };
	if (by->token)
		query[full.n_query++] = (struct aws_pair){ "X-Amz-Security-Token", by->token };
	full.query = query;
	sign(mem, by, &full, names, out);
	return mem_printf(mem, "%s&X-Amz-Signature=%s", sigv4_query(tmp, query, full.n_query),
			  out->signature);
}
