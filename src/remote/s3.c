#include "remote/s3.h"

#include "base/mem.h"
#include "base/time.h"
#include "remote/s3_call.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define PARALLEL     8
#define DELETE_BATCH 1000
#define XMLNS	     "http://s3.amazonaws.com/doc/2006-03-01/"

/* --- one request --- */

struct err *
s3_open(void *mem, const struct s3_config *config, struct s3 **out)
{
	struct s3 *s3 = mem_new(mem, struct s3);

	s3->config = *config;
	if (!s3->config.parallel)
		s3->config.parallel = PARALLEL;
	if (config->aws.region)
		s3->config.aws.region = mem_strdup(s3, config->aws.region);
	if (config->aws.profile)
		s3->config.aws.profile = mem_strdup(s3, config->aws.profile);
	struct err *e = aws_open(s3, &s3->config.aws, &s3->aws);
	if (e)
		mem_free(s3);
	else
		*out = s3;
	return e;
}

struct aws *
s3_aws(struct s3 *s3)
{
	return s3->aws;
}

char *
s3_name(void *mem, const char *bucket, const char *key)
{
	return mem_printf(mem, "s3://%s/%s", bucket, key);
}

struct err *
s3_failed(struct err *e, const char *verb, const char *bucket, const char *key)
{
	return err_wrap(e, "cannot %s 's3://%s/%s'", verb, bucket, key);
}

struct err *
s3_exists(const char *bucket, const char *key)
{
	return err_new(ERR_CONFLICT, "'s3://%s/%s' is already there", bucket, key);
}

/* An answer to HEAD has no text that would say it. */
static struct err *
head_hint(struct err *e, const struct aws_request *r)
{
	if (!*r->path)
		return err_hint(e, "allow s3:ListBucket on arn:aws:s3:::%s in the role's policy",
				r->bucket);
	return err_hint(
		e,
		"allow s3:GetObject on arn:aws:s3:::%s/%s, and s3:ListBucket on the bucket, in "
		"the role's policy",
		r->bucket, r->path);
}

struct err *
s3_call(void *mem, struct s3 *s3, const char *verb, const struct aws_request *request,
	struct aws_answer *out)
{
	struct aws_request full = *request;

	full.service = "s3";
	struct err *e = aws_call(mem, s3->aws, &full, out);
	if (!e)
		return NULL;
	if (e->code == ERR_AUTH && !strcmp(request->method, "HEAD") && !err_hint_of(e))
		e = head_hint(e, request);
	return s3_failed(e, verb, request->bucket, request->path);
}

struct err *
s3_call_xml(void *mem, struct s3 *s3, const char *verb, const struct aws_request *request,
	    const char *root, xml_element *take, void *arg)
{
	struct aws_answer answer;

	TRY(s3_call(mem, s3, verb, request, &answer));
	struct err *e = xml_read(answer.body.s, answer.body.len, root, take, arg);
	return e ? s3_failed(e, verb, request->bucket, request->path) : NULL;
}

void
s3_moved(const struct s3 *s3, long long bytes)
{
	if (s3->config.moved)
		atomic_fetch_add(s3->config.moved, bytes);
}

void
s3_header(struct s3_headers *h, const char *name, const char *value)
{
	if (value)
		h->pairs[h->n++] = (struct aws_pair){ name, value };
}

long long
s3_time(const char *text)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%a, %d %b %Y %H:%M:%S" };

	for (size_t i = 0; text && i < sizeof(forms) / sizeof(*forms); i++) {
		struct tm tm = { 0 };

		if (strptime(text, forms[i], &tm))
			return timegm(&tm);
	}
	return 0;
}

void
s3_object_of(void *mem, const char *key, const struct aws_answer *answer, struct s3_object *out)
{
	const char *etag = aws_header(answer, "etag");
	const char *range = aws_header(answer, "content-range");
	const char *length = aws_header(answer, "content-length");
	const char *whole = range ? strrchr(range, '/') : NULL;

	*out = (struct s3_object){
		.key = key,
		.etag = mem_strdup(mem, etag ? etag : ""),
		.bytes = strtoll(whole	  ? whole + 1
				 : length ? length
					  : "0",
				 NULL, 10),
		.mtime = s3_time(aws_header(answer, "last-modified")),
	};
}

struct err *
s3_head(void *mem, struct s3 *s3, const char *bucket, const char *key, struct s3_object *out)
{
	AUTO_MEM void *tmp = mem_root();
	const struct aws_request request = { .method = "HEAD", .bucket = bucket, .path = key };
	struct aws_answer answer;

	TRY(s3_call(tmp, s3, "look at", &request, &answer));
	s3_object_of(mem, key, &answer, out);
	return NULL;
}

struct err *
s3_bucket(void *mem, struct s3 *s3, const char *bucket, const char **region)
{
	AUTO_MEM void *tmp = mem_root();
	const struct aws_request request = { .method = "HEAD", .bucket = bucket, .path = "" };
	struct aws_answer answer;

	TRY(s3_call(tmp, s3, "look at", &request, &answer));
	const char *is = aws_header(&answer, "x-amz-bucket-region");
	*region = is ? mem_strdup(mem, is) : NULL;
	return NULL;
}

/* --- whose work it was --- */

char *
s3_token(void *mem)
{
	unsigned char random[8];
	unsigned long long n;

	if (RAND_bytes(random, sizeof(random)) != 1)
		abort();
	memcpy(&n, random, sizeof(n));
	return mem_printf(mem, "%016llx", n);
}

struct err *
s3_ours(struct s3 *s3, const char *bucket, const char *key, const char *token, bool *ours)
{
	AUTO_MEM void *tmp = mem_root();
	const struct aws_request request = { .method = "HEAD", .bucket = bucket, .path = key };
	struct aws_answer answer;
	struct err *e = s3_call(tmp, s3, "look at", &request, &answer);
	const char *is = e ? NULL : aws_header(&answer, S3_TOKEN);

	*ours = is && !strcmp(is, token);
	if (e && e->code == ERR_NOTFOUND) {
		err_free(e);
		return NULL;
	}
	return e;
}

/* --- copy, delete --- */

/* Source: RFC 3986; S3 wants the header's slashes as they are. */
static char *
url_encoded(void *mem, const char *text)
{
	struct strbuf sb;

	strbuf_init(&sb, mem, 1 << 16);
	for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
		bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
			     (*s >= '0' && *s <= '9') || strchr("-_.~/", *s);

		strbuf_printf(&sb, plain ? "%c" : "%%%02X", *s);
	}
	return sb.s;
}

struct err *
s3_copy(struct s3 *s3, const char *from_bucket, const char *from_key, const char *bucket,
	const char *key)
{
	AUTO_MEM void *tmp = mem_root();
	const struct aws_pair from = { "x-amz-copy-source",
				       mem_printf(tmp, "/%s/%s", from_bucket,
						  url_encoded(tmp, from_key)) };
	const struct aws_request request = {
		.method = "PUT",
		.bucket = bucket,
		.path = key,
		.headers = &from,
		.n_headers = 1,
		.late_fault = true,
	};
	struct aws_answer answer;

	return s3_call(tmp, s3, "copy to", &request, &answer);
}

static struct err *
delete_one(struct s3 *s3, const char *bucket, const char *key)
{
	AUTO_MEM void *tmp = mem_root();
	const struct aws_request request = { .method = "DELETE", .bucket = bucket, .path = key };
	struct aws_answer answer;
	struct err *e = s3_call(tmp, s3, "remove", &request, &answer);

	if (e && e->code == ERR_NOTFOUND &&
	    strcmp(err_remote_of(e) ? err_remote_of(e) : "", "NoSuchBucket")) {
		err_free(e);
		return NULL;
	}
	return e;
}

/* The first object that a batch could not remove. */
struct refused {
	void *mem;
	char *key, *code, *message;
};

static void
refused_take(void *arg, const char *path, const char *text)
{
	struct refused *r = arg;
	char **at = !strcmp(path, "Error/Key")	     ? &r->key
		    : !strcmp(path, "Error/Code")    ? &r->code
		    : !strcmp(path, "Error/Message") ? &r->message
						     : NULL;

	if (at && !*at)
		*at = mem_strdup(r->mem, text);
}

/* The keys that XML can name; the others one by one. */
static struct err *
delete_body(struct s3 *s3, const char *bucket, const char *const *keys, size_t n,
	    struct strbuf *body, bool *any)
{
	*any = false;
	strbuf_str(body, "<Delete xmlns=\"" XMLNS "\"><Quiet>true</Quiet>");
	for (size_t i = 0; i < n; i++) {
		AUTO_MEM void *tmp = mem_root();
		struct strbuf name;

		strbuf_init(&name, tmp, 1 << 16);
		bool named = xml_escape(&name, keys[i]);
		if (named)
			strbuf_printf(body, "<Object><Key>%s</Key></Object>", name.s);
		else
			TRY(delete_one(s3, bucket, keys[i]));
		*any = *any || named;
	}
	strbuf_str(body, "</Delete>");
	return NULL;
}

static struct err *
delete_batch(struct s3 *s3, const char *bucket, const char *const *keys, size_t n)
{
	AUTO_MEM void *tmp = mem_root();
	unsigned char md5[EVP_MAX_MD_SIZE], text[EVP_MAX_MD_SIZE * 2];
	struct refused refused = { .mem = tmp };
	unsigned md5_bytes;
	struct strbuf body;
	bool any;

	strbuf_init(&body, tmp, 64 << 20);
	TRY(delete_body(s3, bucket, keys, n, &body, &any));
	if (!any)
		return NULL;
	EVP_Digest(body.s, body.len, md5, &md5_bytes, EVP_md5(), NULL);
	EVP_EncodeBlock(text, md5, (int)md5_bytes);
	const struct aws_pair header[] = { { "content-md5", (const char *)text },
					   { "content-type", "application/xml" } };
	const struct aws_pair query = { "delete", "" };
	const struct aws_request request = {
		.method = "POST",
		.bucket = bucket,
		.path = "",
		.query = &query,
		.n_query = 1,
		.headers = header,
		.n_headers = 2,
		.body = body.s,
		.bytes = (long long)body.len,
	};
	TRY(s3_call_xml(tmp, s3, "remove from", &request, "DeleteResult", refused_take, &refused));
	if (!refused.key)
		return NULL;
	return s3_failed(err_remote(err_new(ERR_REMOTE, "%s: %s", refused.code, refused.message),
				    refused.code),
			 "remove", bucket, refused.key);
}

struct err *
s3_delete(struct s3 *s3, const char *bucket, const char *const *keys, size_t n)
{
	if (n == 1)
		return delete_one(s3, bucket, *keys);
	for (size_t i = 0; i < n; i += DELETE_BATCH)
		TRY(delete_batch(s3, bucket, keys + i,
				 n - i < DELETE_BATCH ? n - i : DELETE_BATCH));
	return NULL;
}
