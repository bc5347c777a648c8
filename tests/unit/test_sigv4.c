#include "remote/sigv4.h"

#include "base/digest.h"
#include "base/time.h"

#include <jansson.h>
#include <stdlib.h>

#include "unit.h"

#define VECTORS	  "tests/unit/sigv4/vectors.json"
#define PAIRS_MAX 32

/* --- the suite of aws-c-auth --- */

struct vector {
	void *mem;
	struct sigv4_by by;
	struct sigv4_request r;
	struct aws_pair query[PAIRS_MAX], headers[PAIRS_MAX];
	char sha256[DIGEST_HEX];
};

static char *
decoded(void *mem, const char *text, size_t n)
{
	char *out = mem_strndup(mem, text, n), *to = out;

	for (const char *s = out; *s; s++) {
		char hex[3] = { 0 };

		if (*s == '%') {
			hex[0] = s[1];
			hex[1] = s[2];
			*to++ = (char)strtol(hex, NULL, 16);
			s += 2;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
	return out;
}

static void
read_query(struct vector *v, char *query)
{
	for (char *part; (part = strsep(&query, "&"));) {
		size_t n = strcspn(part, "=");
		const char *value = part[n] ? part + n + 1 : "";

		if (!*part)
			continue;
		v->query[v->r.n_query++] =
			(struct aws_pair){ decoded(v->mem, part, n),
					   decoded(v->mem, value, strlen(value)) };
	}
}

/* "GET /a b?c=d HTTP/1.1"; a suite's path is not encoded. */
static void
read_target(struct vector *v, char *line, bool normalize)
{
	char *end = strstr(line, " HTTP/1.1"), *path = strchr(line, ' ');

	*end = *path++ = '\0';
	v->r.method = line;
	char *query = strchr(path, '?');
	if (query) {
		*query++ = '\0';
		read_query(v, query);
	}
	v->r.verbatim = !normalize;
	v->r.path = normalize ? path : sigv4_encode(v->mem, path, true);
}

static char *
read_headers(struct vector *v, char *text)
{
	for (char *line; (line = strsep(&text, "\n")) && *line;) {
		struct aws_pair *last = &v->headers[v->r.n_headers ? v->r.n_headers - 1 : 0];
		char *colon = strchr(line, ':');

		if (*line == ' ') {
			last->value = mem_printf(v->mem, "%s %s", last->value, line);
			continue;
		}
		*colon = '\0';
		if (!strcmp(line, "Host"))
			v->r.host = colon + 1;
		else
			v->headers[v->r.n_headers++] = (struct aws_pair){ line, colon + 1 };
	}
	return text ? text : mem_strdup(v->mem, "");
}

static const char *
text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void
read_vector(void *mem, const json_t *in, struct vector *v)
{
	const json_t *context = json_object_get(in, "context");
	const json_t *keys = json_object_get(context, "credentials");
	bool omit = json_is_true(json_object_get(context, "omit_session_token"));
	char *rest = mem_strdup(mem, text_of(in, "request"));

	*v = (struct vector){ .mem = mem };
	v->by = (struct sigv4_by){ .id = text_of(keys, "access_key_id"),
				   .secret = text_of(keys, "secret_access_key"),
				   .token = omit ? NULL : text_of(keys, "token"),
				   .region = text_of(context, "region"),
				   .service = text_of(context, "service") };
	assert_true(time_parse(text_of(context, "timestamp"), &v->by.time_us));
	v->r.query = v->query;
	v->r.headers = v->headers;
	read_target(v, strsep(&rest, "\n"), json_is_true(json_object_get(context, "normalize")));
	digest_text(read_headers(v, rest), v->sha256);
	v->r.sha256 = v->sha256;
}

static void
suite(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const json_t *in = *state, *context = json_object_get(in, "context");
	struct vector v;
	struct sigv4 s;

	read_vector(tmp, in, &v);
	char *query = sigv4_presign(tmp, &v.by, &v.r, 3600, &s);
	assert_text(s.canonical, text_of(in, "query-canonical-request"));
	assert_text(s.to_sign, text_of(in, "query-string-to-sign"));
	assert_text(s.signature, text_of(in, "query-signature"));
	assert_text(strstr(query, "&X-Amz-Signature=") + 17, s.signature);
	assert_null(s.authorization);

	if (json_is_true(json_object_get(context, "sign_body")))
		v.headers[v.r.n_headers++] = (struct aws_pair){ "x-amz-content-sha256", v.sha256 };
	sigv4_sign(tmp, &v.by, &v.r, &s);
	assert_text(s.canonical, text_of(in, "header-canonical-request"));
	assert_text(s.to_sign, text_of(in, "header-string-to-sign"));
	assert_text(s.signature, text_of(in, "header-signature"));
}

/* --- the examples of S3 --- */

struct s3_row {
	const char *name;
	const char *method, *key, *sha256;
	struct aws_pair query[2], headers[3];
	int seconds;
	const char *want;
};

/* Source: Amazon S3 API, "Authenticating Requests: Using the Authorization Header" and "Using
 * Query Parameters". */
static const struct s3_row s3_rows[] = {
	{ "get object",
	  "GET",
	  "test.txt",
	  SIGV4_EMPTY,
	  { { 0 } },
	  { { "Range", "bytes=0-9" } },
	  0,
	  "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
	{ "put object",
	  "PUT",
	  "test$file.text",
	  "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
	  { { 0 } },
	  { { "Date", "Fri, 24 May 2013 00:00:00 GMT" },
	    { "x-amz-storage-class", "REDUCED_REDUNDANCY" } },
	  0,
	  "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },
	{ "bucket lifecycle",
	  "GET",
	  "",
	  SIGV4_EMPTY,
	  { { "lifecycle", "" } },
	  { { 0 } },
	  0,
	  "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
	{ "list objects",
	  "GET",
	  "",
	  SIGV4_EMPTY,
	  { { "prefix", "J" }, { "max-keys", "2" } },
	  { { 0 } },
	  0,
	  "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
	{ "presigned",
	  "GET",
	  "test.txt",
	  SIGV4_UNSIGNED,
	  { { 0 } },
	  { { 0 } },
	  86400,
	  "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404" },
};

static void
s3(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct s3_row *row = *state;
	struct aws_pair headers[4] = { { "x-amz-content-sha256", row->sha256 } };
	struct sigv4_by by = { .id = "AKIAIOSFODNN7EXAMPLE",
			       .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
			       .region = "us-east-1",
			       .service = "s3",
			       .time_us = 1369353600000000 };
	struct sigv4_request r = { .method = row->method,
				   .host = "examplebucket.s3.amazonaws.com",
				   .verbatim = true,
				   .query = row->query,
				   .headers = headers,
				   .n_headers = row->seconds ? 0 : 1,
				   .sha256 = row->sha256 };
	struct sigv4 s;

	r.path = mem_printf(tmp, "/%s", sigv4_encode(tmp, row->key, true));
	while (r.n_query < 2 && row->query[r.n_query].name)
		r.n_query++;
	for (size_t i = 0; row->headers[i].name; i++)
		headers[r.n_headers++] = row->headers[i];
	if (row->seconds)
		assert_non_null(sigv4_presign(tmp, &by, &r, row->seconds, &s));
	else
		sigv4_sign(tmp, &by, &r, &s);
	assert_text(s.signature, row->want);
}

/* --- the parts of a canonical request --- */

struct path_row {
	const char *name; /* the path on the wire */
	bool verbatim;
	const char *want;
};

static const struct path_row path_rows[] = {
	{ "/", false, "/" },
	{ "//", false, "/" },
	{ "/a//b", false, "/a/b" },
	{ "/a//b", true, "/a//b" },
	{ "/a/./b/", false, "/a/b/" },
	{ "/a/../b", false, "/b" },
	{ "/a/..", false, "/" },
	{ "/../a", false, "/a" },
	{ "/a/.b/..c/...", false, "/a/.b/..c/..." },
	{ "/a/../b", true, "/a/../b" },
	/* what is encoded on the wire is encoded again, but for S3 */
	{ "/tags/arn%3Aaws%3Aemr%2Fx", false, "/tags/arn%253Aaws%253Aemr%252Fx" },
	{ "/dag_id%3Dx/a%2Fb", true, "/dag_id%3Dx/a%2Fb" },
};

static void
path(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct path_row *row = *state;
	struct sigv4_by by = { "AK", "SK", NULL, "us-east-1", "s3", 0 };
	struct sigv4_request r = { .method = "GET",
				   .host = "h",
				   .path = row->name,
				   .verbatim = row->verbatim,
				   .sha256 = SIGV4_EMPTY };
	struct sigv4 s;

	sigv4_sign(tmp, &by, &r, &s);
	assert_text(
		s.canonical,
		mem_printf(
			tmp,
			"GET\n%s\n\nhost:h\nx-amz-date:19700101T000000Z\n\nhost;x-amz-date\n" SIGV4_EMPTY,
			row->want));
}

struct encode_row {
	const char *name;
	bool path;
	const char *want;
};

static const struct encode_row encode_rows[] = {
	{ "", false, "" },
	{ "azAZ09-_.~", false, "azAZ09-_.~" },
	{ "a/b", true, "a/b" },
	{ "a/b", false, "a%2Fb" },
	{ "dag_id=x/run:1+00", true, "dag_id%3Dx/run%3A1%2B00" },
	{ "a b%20", false, "a%20b%2520" },
	{ "\xc3\xbc\xff\x01", false, "%C3%BC%FF%01" },
};

static void
encode(void **state)
{
	const struct encode_row *row = *state;
	char *got = sigv4_encode(NULL, row->name, row->path);

	assert_text(got, row->want);
	mem_free(got);
}

static void
query(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct aws_pair pairs[] = { { "b", "2" }, { "b", "10" }, { "B", "" }, { "a b", "c&d" } };

	(void)state;
	assert_text(sigv4_query(tmp, pairs, 4), "B=&a%20b=c%26d&b=10&b=2");
	assert_text(sigv4_query(tmp, NULL, 0), "");
}

/* A token is signed, and the URL that nobody asks the parts of is the same. */
static void
token(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct sigv4_by by = { "AK", "SK", "T/=", "eu-west-1", "rds-db", 1000000 };
	struct aws_pair q[] = { { "Action", "connect" }, { "DBUser", "ops" } };
	struct sigv4_request r = { .method = "GET",
				   .host = "db:5432",
				   .path = "/",
				   .query = q,
				   .n_query = 2,
				   .sha256 = SIGV4_EMPTY };
	struct sigv4 s;
	char *url = sigv4_presign(tmp, &by, &r, 900, &s);

	(void)state;
	assert_text(url, sigv4_presign(tmp, &by, &r, 900, NULL));
	assert_non_null(strstr(url, "&X-Amz-Security-Token=T%2F%3D&"));
	sigv4_sign(tmp, &by, &r, &s);
	assert_non_null(
		strstr(s.authorization, "SignedHeaders=host;x-amz-date;x-amz-security-token, "));
}

int
main(void)
{
	struct unit u = { 0 };
	json_t *vectors = json_load_file(VECTORS, 0, NULL);

	for (size_t i = 0; i < json_array_size(vectors); i++) {
		const json_t *v = json_array_get(vectors, i);
		char *name = mem_printf(NULL, "suite: %s", text_of(v, "name"));

		unit_add(&u, name, suite, v);
		mem_free(name);
	}
	UNIT_ROWS(&u, s3, s3_rows);
	UNIT_ROWS(&u, path, path_rows);
	UNIT_ROWS(&u, encode, encode_rows);
	UNIT(&u, query);
	UNIT(&u, token);
	int status = unit_run(&u, "sigv4");
	if (json_array_size(vectors) != 38)
		status = 1;
	json_decref(vectors);
	return status;
}
