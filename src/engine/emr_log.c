#include "engine/emr_log.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "remote/inflate.h"

#include <string.h>

#define LINE_MAX_BYTES 8192 /* what is longer is cut */

struct emr_log {
	struct s3 *s3;
	const char *bucket, *key;
	const char *etag; /* of what was read last, or NULL */
	long long given;  /* lines */
};

/* One reading: lines of the text as it is inflated. */
struct reading {
	struct sink sink; /* first */
	long long n, skip;
	struct strbuf line;
	void (*take)(void *arg, const char *text);
	void *arg;
};

static struct err *
read_text(struct sink *sink, const void *data, size_t n)
{
	struct reading *r = (struct reading *)sink;
	const char *at = data, *end = at + n;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		strbuf_add(&r->line, at, (size_t)((stop ? stop : end) - at));
		if (!stop)
			return NULL;
		if (r->n++ >= r->skip)
			r->take(r->arg, r->line.s);
		strbuf_reset(&r->line);
		at = stop + 1;
	}
	return NULL;
}

struct emr_log *
emr_log_new(void *mem, struct s3 *s3, const char *logs, const char *name)
{
	struct emr_log *log = mem_new(mem, struct emr_log);
	const char *bucket = logs + strlen("s3://"), *key = bucket + strcspn(bucket, "/");

	log->s3 = s3;
	log->bucket = mem_strndup(log, bucket, (size_t)(key - bucket));
	log->key = mem_printf(log, "%sSPARK_DRIVER/%s.gz", key + (*key == '/'), name);
	return log;
}

struct err *
emr_log_read(struct emr_log *log, void (*line)(void *arg, const char *text), void *arg,
	     bool *changed)
{
	AUTO_MEM void *tmp = mem_root();
	struct reading r = { .sink = { read_text }, .skip = log->given, .take = line, .arg = arg };
	struct s3_get get = { .if_none_match = log->etag };
	struct inflate *z = inflate_new(tmp, &r.sink);

	*changed = false;
	strbuf_init(&r.line, tmp, LINE_MAX_BYTES);
	struct err *e = s3_get(tmp, log->s3, log->bucket, log->key, &get, inflate_in(z));
	if (e && e->code == ERR_NOTFOUND) {
		err_free(e);
		return NULL;
	}
	if (e && r.n > log->given)
		log->given = r.n;
	if (e || get.unchanged)
		return e;
	*changed = true;
	log->etag = mem_strdup(log, get.object.etag);
	/* One with fewer lines begins a new file: the older part was moved away. */
	log->given = r.n;
	return NULL;
}
