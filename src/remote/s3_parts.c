#include "base/mem.h"
#include "remote/s3_call.h"

#include <string.h>

#define PARTS_MAX  10000
#define OBJECT_MAX (5LL << 40)

/* A big file on its way up. */
struct upload {
	const char *bucket, *key;
	const struct s3_file *file;
	long long part; /* bytes of each but the last */
	char *id;
	void *mem;
	char **etags; /* [n] */
	size_t n;
	const char *token;
	bool create;
};

static void
id_take(void *arg, const char *path, const char *text)
{
	struct upload *u = arg;

	if (!strcmp(path, "UploadId"))
		u->id = mem_strdup(u->mem, text);
}

static struct err *
begin(struct s3 *s3, struct upload *u)
{
	AUTO_MEM void *tmp = mem_root();
	const struct aws_pair query = { "uploads", "" };
	struct s3_headers h = { .n = 0 };

	s3_header(&h, S3_SHA256, u->file->sha256);
	s3_header(&h, S3_TOKEN, u->token);
	const struct aws_request request = { .method = "POST",
					     .bucket = u->bucket,
					     .path = u->key,
					     .query = &query,
					     .n_query = 1,
					     .headers = h.pairs,
					     .n_headers = h.n };
	TRY(s3_call_xml(tmp, s3, "write", &request, "InitiateMultipartUploadResult", id_take, u));
	return u->id ? NULL : err_new(ERR_REMOTE, "an upload without an id");
}

/* Each thread writes its own etag, with memory of its own: the tree is not theirs. */
static struct err *
send_part(struct s3 *mine, void *arg, size_t i)
{
	struct upload *u = arg;
	AUTO_MEM void *tmp = mem_root();
	long long from = (long long)i * u->part, left = u->file->bytes - from;
	const struct aws_pair query[] = { { "partNumber", mem_printf(tmp, "%zu", i + 1) },
					  { "uploadId", u->id } };
	const struct aws_request request = {
		.method = "PUT",
		.bucket = u->bucket,
		.path = u->key,
		.query = query,
		.n_query = 2,
		.fd = u->file->fd,
		.offset = from,
		.bytes = left < u->part ? left : u->part,
		.sent = mine->config.moved,
	};
	struct aws_answer answer;

	TRY(s3_call(tmp, mine, "write", &request, &answer));
	const char *etag = aws_header(&answer, "etag");
	u->etags[i] = mem_strdup(NULL, etag ? etag : "");
	return NULL;
}

static void
complete_body(const struct upload *u, struct strbuf *body)
{
	strbuf_str(body,
		   "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (size_t i = 0; i < u->n; i++) {
		strbuf_printf(body, "<Part><PartNumber>%zu</PartNumber><ETag>", i + 1);
		xml_escape(body, u->etags[i]);
		strbuf_str(body, "</ETag></Part>");
	}
	strbuf_str(body, "</CompleteMultipartUpload>");
}

/* The answer comes when all is done, and may be lost: then the upload is gone, and the object
 * there is its work. */
static struct err *
complete(struct s3 *s3, const struct upload *u)
{
	AUTO_MEM void *tmp = mem_root();
	const struct aws_pair query = { "uploadId", u->id };
	struct s3_headers h = { .n = 0 };
	struct aws_answer answer;
	struct strbuf body;

	strbuf_init(&body, tmp, 8 << 20);
	complete_body(u, &body);
	s3_header(&h, "content-type", "application/xml");
	s3_header(&h, "if-none-match", u->create ? "*" : NULL);
	const struct aws_request request = {
		.method = "POST",
		.bucket = u->bucket,
		.path = u->key,
		.query = &query,
		.n_query = 1,
		.headers = h.pairs,
		.n_headers = h.n,
		.body = body.s,
		.bytes = (long long)body.len,
		.late_fault = true,
	};
	struct err *e = s3_call(tmp, s3, "write", &request, &answer);
	const char *code = e			  ? err_remote_of(e)
			   : answer.status == 412 ? "PreconditionFailed"
						  : NULL;
	bool refused = code && !strcmp(code, "PreconditionFailed");
	bool gone = code && !strcmp(code, "NoSuchUpload");
	if (!refused && !gone)
		return e;
	bool ours;
	struct err *unknown = s3_ours(s3, u->bucket, u->key, u->token, &ours);
	if (unknown)
		return err_first(unknown, e);
	if (gone && !ours)
		return e;
	err_free(e);
	return ours ? NULL : s3_exists(u->bucket, u->key);
}

struct err *
s3_abort(struct s3 *s3, const char *bucket, const char *key, const char *id)
{
	AUTO_MEM void *tmp = mem_root();
	const struct aws_pair query = { "uploadId", id };
	const struct aws_request request = {
		.method = "DELETE", .bucket = bucket, .path = key, .query = &query, .n_query = 1
	};
	struct aws_answer answer;
	struct err *e = s3_call(tmp, s3, "end the upload of", &request, &answer);

	if (e && e->code == ERR_NOTFOUND) {
		err_free(e);
		return NULL;
	}
	return e;
}

/* Also after a cancel, for which a client of its own is deaf; what it could not take away is
 * left to `s3 ls --uploads`. */
static void
give_up(struct s3 *s3, const struct upload *u)
{
	AUTO_MEM void *tmp = mem_root();
	struct s3_config config = s3->config;
	struct s3 *deaf;

	config.aws.deaf = true;
	config.aws.budget_s = 5;
	struct err *e = s3_open(tmp, &config, &deaf);
	err_free(e ? e : s3_abort(deaf, u->bucket, u->key, u->id));
}

static struct err *
send(struct s3 *s3, struct upload *u)
{
	struct err *e = s3_each(s3, u->n, send_part, u);

	if (!e)
		e = complete(s3, u);
	if (e)
		give_up(s3, u);
	for (size_t i = 0; i < u->n; i++)
		mem_free(u->etags[i]);
	return e;
}

struct err *
s3_put_parts(struct s3 *s3, const char *bucket, const char *key, const struct s3_file *file,
	     bool create)
{
	AUTO_MEM void *tmp = mem_root();
	struct upload u = {
		.bucket = bucket, .key = key, .file = file, .part = S3_PART, .create = create
	};

	if (file->bytes > OBJECT_MAX)
		return s3_failed(err_new(ERR_DATA, "an object has at most 5 TiB"), "write", bucket,
				 key);
	while ((file->bytes + u.part - 1) / u.part > PARTS_MAX)
		u.part *= 2;
	u.mem = tmp;
	u.n = (size_t)((file->bytes + u.part - 1) / u.part);
	u.etags = mem_array(tmp, char *, u.n);
	u.token = s3_token(tmp);
	TRY(begin(s3, &u));
	return send(s3, &u);
}
