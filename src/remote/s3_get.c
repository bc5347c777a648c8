#include "base/digest.h"
#include "base/mem.h"
#include "base/time.h"
#include "remote/s3_call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESUMES	    10 /* of one stream that brings less than RESUME_GAIN bytes between two */
#define RESUME_GAIN (1 << 20)
#define BLOCK	    (1 << 18)

/* --- a stream --- */

/* Counts what passes. */
struct tap {
	struct sink sink;
	struct sink *to;
	const struct s3 *s3;
	long long bytes;
};

static struct err *
tap_write(struct sink *self, const void *data, size_t n)
{
	struct tap *tap = (struct tap *)self;

	TRY(tap->to->write(tap->to, data, n));
	tap->bytes += (long long)n;
	s3_moved(tap->s3, (long long)n);
	return NULL;
}

static struct err *
changed(const char *bucket, const char *key)
{
	return err_hint(
		s3_failed(err_new(ERR_CONFLICT, "it was replaced meanwhile"), "read", bucket, key),
		"try again");
}

/* One request for [from, to), or to the end where to is 0; what is not there is no bytes. */
static struct err *
get_range(void *mem, struct s3 *s3, const char *bucket, const char *key, const char *if_match,
	  long long from, long long to, struct sink *sink, struct aws_answer *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct s3_headers h = { .n = 0 };
	char *range = to ? mem_printf(tmp, "bytes=%lld-%lld", from, to - 1)
			 : mem_printf(tmp, "bytes=%lld-", from);

	s3_header(&h, "range", from || to ? range : NULL);
	s3_header(&h, "if-match", if_match);
	const struct aws_request request = { .method = "GET",
					     .bucket = bucket,
					     .path = key,
					     .headers = h.pairs,
					     .n_headers = h.n,
					     .to = sink };
	TRY(s3_call(mem, s3, "read", &request, out));
	if (out->status == 200 && from) /* all of it: none of it is at its place */
		return s3_failed(err_new(ERR_REMOTE, "the server does not heed ranges"), "read",
				 bucket, key);
	return out->status == 412 ? changed(bucket, key) : NULL;
}

static bool
passing(const struct err *e)
{
	return e->code == ERR_NET || e->code == ERR_TIMEOUT;
}

/* [from, to) of the version etag, on from where a broken transfer ended. */
static struct err *
stream(struct s3 *s3, const char *bucket, const char *key, const char *etag, long long from,
       long long to, struct tap *tap)
{
	long long gained = 0;

	for (int tries = RESUMES; tap->bytes < to - from;) {
		AUTO_MEM void *tmp = mem_root();
		struct aws_answer answer;
		long long before = tap->bytes;
		struct err *e = get_range(tmp, s3, bucket, key, etag, from + before, to, &tap->sink,
					  &answer);

		gained += tap->bytes - before;
		if (gained >= RESUME_GAIN) {
			tries = RESUMES;
			gained = 0;
		}
		if (!e && tap->bytes == before)
			return changed(bucket, key);
		if (e && (!passing(e) || tap->bytes == before || !--tries))
			return e;
		err_free(e);
	}
	return NULL;
}

/* Which version it is: the bytes that follow are of this one. */
static struct err *
get_head(void *mem, struct s3 *s3, const char *bucket, const char *key, struct s3_get *get)
{
	struct s3_headers h = { .n = 0 };
	struct aws_answer answer;

	s3_header(&h, "if-match", get->if_match);
	s3_header(&h, "if-none-match", get->if_none_match);
	const struct aws_request request = { .method = "HEAD",
					     .bucket = bucket,
					     .path = key,
					     .headers = h.pairs,
					     .n_headers = h.n };
	TRY(s3_call(mem, s3, "read", &request, &answer));
	if (answer.status == 412)
		return changed(bucket, key);
	get->unchanged = answer.status == 304;
	s3_object_of(mem, key, &answer, &get->object);
	return NULL;
}

struct err *
s3_get(void *mem, struct s3 *s3, const char *bucket, const char *key, struct s3_get *get,
       struct sink *to)
{
	struct s3_get all = { 0 };
	struct tap tap = { .sink.write = tap_write, .to = to, .s3 = s3 };

	if (!get)
		get = &all;
	TRY(get_head(mem, s3, bucket, key, get));
	if (get->unchanged)
		return NULL;
	long long end = get->object.bytes;
	if (get->bytes && get->bytes < end - get->from)
		end = get->from + get->bytes;
	return get->from < end ? stream(s3, bucket, key, get->object.etag, get->from, end, &tap)
			       : NULL;
}

/* --- a file --- */

/* An object on its way into a file beside the one it becomes. */
struct fetch {
	const char *bucket, *key;
	const char *etag;
	long long bytes;
	char *path; /* of the file at work */
	int fd;
	bool again; /* the first part was begun more than once */
};

/* A range writes at its own place, so that a repetition does no harm. */
struct place {
	struct sink sink;
	const struct fetch *f;
	long long at;
};

static struct err *
place_write(struct sink *self, const void *data, size_t n)
{
	struct place *p = (struct place *)self;
	const char *from = data;

	while (n) {
		ssize_t done = pwrite(p->f->fd, from, n, p->at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(ERR_DATA, "cannot write '%s'", p->f->path);
		from += done;
		p->at += done;
		n -= (size_t)done;
	}
	return NULL;
}

static struct err *
fetch_part(struct s3 *mine, void *arg, size_t i)
{
	const struct fetch *f = arg;
	long long from = ((long long)i + 1) * S3_PART;
	long long to = from + S3_PART < f->bytes ? from + S3_PART : f->bytes;
	struct place place = { .sink.write = place_write, .f = f, .at = from };
	struct tap tap = { .sink.write = tap_write, .to = &place.sink, .s3 = mine };

	return stream(mine, f->bucket, f->key, f->etag, from, to, &tap);
}

/* The first part tells the etag and the size; where it breaks it is begun again. */
static struct err *
fetch_first(void *mem, struct s3 *s3, struct fetch *f, struct aws_answer *answer)
{
	struct s3_object object;
	struct err *e = NULL;

	for (int tries = RESUMES; tries; tries--) {
		struct place place = { .sink.write = place_write, .f = f };
		struct tap tap = { .sink.write = tap_write, .to = &place.sink, .s3 = s3 };

		err_free(e);
		e = get_range(mem, s3, f->bucket, f->key, f->etag, 0, S3_PART, &tap.sink, answer);
		if (!e) {
			s3_object_of(mem, f->key, answer, &object);
			f->etag = object.etag;
			f->bytes = answer->status == 416 ? 0 : object.bytes;
			return NULL;
		}
		s3_moved(s3, -tap.bytes);
		f->again = true;
		if (!passing(e) || !tap.bytes)
			break;
	}
	return e;
}

static struct err *
sum_file(int fd, const char *path, char sha256[65])
{
	AUTO_MEM void *tmp = mem_root();
	struct digest *digest = digest_new(tmp);
	char *block = mem_array(tmp, char, BLOCK);
	long long at = 0;
	ssize_t n;

	while ((n = pread(fd, block, BLOCK, at)) > 0) {
		digest_update(digest, block, (size_t)n);
		at += n;
	}
	digest_hex(digest, sha256);
	return n ? err_sys(ERR_DATA, "cannot read '%s'", path) : NULL;
}

static struct err *
fetch_all(struct s3 *s3, struct fetch *f, char sha256[65])
{
	AUTO_MEM void *tmp = mem_root();
	struct aws_answer answer;

	TRY(fetch_first(tmp, s3, f, &answer));
	if (f->bytes > S3_PART)
		TRY(s3_each(s3, (size_t)((f->bytes - 1) / S3_PART), fetch_part, f));
	if (f->again && ftruncate(f->fd, f->bytes)) /* it may have been longer before */
		return err_sys(ERR_DATA, "cannot write '%s'", f->path);
	if (!sha256)
		return NULL;
	const char *want = aws_header(&answer, S3_SHA256);
	TRY(sum_file(f->fd, f->path, sha256));
	if (want && strcmp(want, sha256))
		return s3_failed(
			err_new(ERR_DATA, "its bytes have the sum %s, not %s", sha256, want),
			"read", f->bucket, f->key);
	return NULL;
}

struct err *
s3_get_file(struct s3 *s3, const char *bucket, const char *key, const char *if_match,
	    const char *path, char sha256[65])
{
	AUTO_MEM void *tmp = mem_root();
	struct fetch f = { .bucket = bucket, .key = key, .etag = if_match };

	f.path = mem_printf(tmp, "%s.%s", path, s3_token(tmp));
	f.fd = open(f.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (f.fd < 0)
		return err_sys(ERR_DATA, "cannot write '%s'", path);
	struct err *e = fetch_all(s3, &f, sha256);
	if (!e && rename(f.path, path))
		e = err_sys(ERR_DATA, "cannot write '%s'", path);
	close(f.fd);
	if (e)
		unlink(f.path);
	return e;
}
