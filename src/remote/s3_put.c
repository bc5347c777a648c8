#include "base/mem.h"
#include "base/time.h"
#include "remote/s3_call.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK (1 << 18)
#define RACES 5 /* tries while others write the same key */

/* SHA-256 of the bytes, as S3 wants it twice: hex for the signature, base64 for the object. */
struct sum {
	char hex[65];
	char base64[45];
};

static void
sum_end(EVP_MD_CTX *ctx, struct sum *sum)
{
	unsigned char raw[32];

	EVP_DigestFinal_ex(ctx, raw, NULL);
	EVP_EncodeBlock((unsigned char *)sum->base64, raw, sizeof(raw));
	for (size_t i = 0; i < sizeof(raw); i++)
		snprintf(sum->hex + 2 * i, 3, "%02x", (unsigned)raw[i]);
}

static struct err *
sum_fd(EVP_MD_CTX *ctx, const struct s3_file *file)
{
	AUTO_MEM char *block = mem_array(NULL, char, file->bytes < BLOCK ? file->bytes + 1 : BLOCK);

	for (long long at = 0; at < file->bytes;) {
		long long left = file->bytes - at;
		ssize_t n = pread(file->fd, block, left < BLOCK ? (size_t)left : BLOCK, at);

		if (n < 0)
			return err_sys(ERR_DATA, "cannot read the file");
		if (!n)
			return err_new(ERR_DATA, "the file became shorter");
		EVP_DigestUpdate(ctx, block, (size_t)n);
		at += n;
	}
	return NULL;
}

static struct err *
sum_file(const struct s3_file *file, struct sum *sum)
{
	EVP_MD_CTX *ctx = mem_check(EVP_MD_CTX_new());

	EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
	struct err *e = sum_fd(ctx, file);
	sum_end(ctx, sum);
	EVP_MD_CTX_free(ctx);
	return e;
}

/* In one request. */
static struct err *
put_one(struct s3 *s3, const char *bucket, const char *key, const struct s3_file *file,
	const struct sum *sum, bool create)
{
	AUTO_MEM void *tmp = mem_root();
	const char *token = create ? s3_token(tmp) : NULL;
	struct s3_headers h = { .n = 0 };
	struct aws_answer answer;
	bool ours;

	s3_header(&h, "x-amz-checksum-sha256", sum->base64);
	s3_header(&h, "x-amz-sdk-checksum-algorithm", "SHA256");
	s3_header(&h, S3_SHA256, file->sha256);
	s3_header(&h, S3_TOKEN, token);
	s3_header(&h, "if-none-match", create ? "*" : NULL);
	const struct aws_request request = {
		.method = "PUT",
		.bucket = bucket,
		.path = key,
		.headers = h.pairs,
		.n_headers = h.n,
		.fd = file->fd,
		.bytes = file->bytes,
		.sha256 = sum->hex,
		.sent = s3->config.moved,
	};
	TRY(s3_call(tmp, s3, "write", &request, &answer));
	if (answer.status != 412)
		return NULL;
	/* The first try may have done it and its answer been lost. */
	TRY(s3_ours(s3, bucket, key, token, &ours));
	return ours ? NULL : s3_exists(bucket, key);
}

static bool
raced(const struct err *e)
{
	const char *code = err_remote_of(e);

	return code &&
	       (!strcmp(code, "ConditionalRequestConflict") || !strcmp(code, "OperationAborted"));
}

static struct err *
put(struct s3 *s3, const char *bucket, const char *key, const struct s3_file *file, bool create)
{
	bool parts = file->bytes > S3_ONE;
	struct sum sum = { 0 };
	struct err *e = NULL;

	if (!parts)
		TRY(sum_file(file, &sum));
	for (int left = RACES; left; left--) {
		err_free(e);
		e = parts ? s3_put_parts(s3, bucket, key, file, create)
			  : put_one(s3, bucket, key, file, &sum, create);
		if (!e || !raced(e))
			break;
		time_sleep_ms(100 * (RACES - left + 1));
	}
	return e;
}

struct err *
s3_put_file(struct s3 *s3, const char *bucket, const char *key, const char *path,
	    const char *sha256, bool create)
{
	struct s3_file file = { .sha256 = sha256 };
	struct stat st;

	file.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file.fd < 0)
		return err_sys(ERR_NOTFOUND, "cannot read '%s'", path);
	bool bad = fstat(file.fd, &st) || !S_ISREG(st.st_mode);
	file.bytes = st.st_size;
	struct err *e = bad ? err_new(ERR_USAGE, "'%s' is no file", path)
			    : put(s3, bucket, key, &file, create);
	close(file.fd);
	return e;
}
