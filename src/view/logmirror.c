#include "view/logmirror.h"

#include "base/mem.h"
#include "base/time.h"
#include "lake/lake.h"
#include "remote/inflate.h"
#include "remote/s3.h"
#include "view/logforeign.h"
#include "view/logobject.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOOK_MS	   1000	      /* requests cost: no more often */
#define LINE_BYTES (1U << 20) /* what a longer line has beyond is left out */

/* One growing text: pieces that were archived, in order, and behind them the newest. */
struct stream {
	const char *name; /* of its file: "driver.a1.stderr" */
	char etag[80];	  /* of the newest piece as last read, "-" for none */
	long long piece;  /* the first that is not read to its end */
	long long offset; /* bytes of text read of it */
	long long size;	  /* of the file: whole lines */
	bool own;	  /* a task on this host writes it */
};

struct logmirror {
	struct lake *lake;
	struct s3 *s3;
	const char *bucket;
	long long run;
	const char *airflow;
	int fd; /* whose lock makes the mirror ours alone, while we live */
	bool ours;
	long long looked_ms;
	struct stream *streams; /* [n] */
	size_t n;
};

/* --- how far a stream is stands beside its file --- */

/* "extract.a1.log", and ".extract.a1.mirror" beside it. */
static struct err *
stream_paths(void *mem, const struct logmirror *m, const char *name, char **log, char **state)
{
	AUTO_MEM void *tmp = mem_root();
	const char *dir = mem_printf(tmp, LOG_RUNS "%lld", m->run);

	TRY(lake_log_path(mem, m->lake, mem_printf(tmp, "%s/%s.log", dir, name), log));
	return lake_log_path(mem, m->lake, mem_printf(tmp, "%s/.%s.mirror", dir, name), state);
}

static struct err *
stream_load(const struct logmirror *m, struct stream *s)
{
	AUTO_MEM void *tmp = mem_root();
	char *log, *path;

	TRY(stream_paths(tmp, m, s->name, &log, &path));
	FILE *f = fopen(path, "re");
	if (!f) {
		s->own = !access(log, F_OK);
		return NULL;
	}
	bool whole = fscanf(f, "%79s %lld %lld %lld", s->etag, &s->piece, &s->offset, &s->size) ==
		     4;
	fclose(f);
	if (whole && !truncate(log, s->size))
		return NULL;
	*s = (struct stream){ .name = s->name, .etag = "-" };
	unlink(log);
	return NULL;
}

static struct err *
stream_store(const struct logmirror *m, const struct stream *s)
{
	AUTO_MEM void *tmp = mem_root();
	char *log, *path, *fresh;

	TRY(stream_paths(tmp, m, s->name, &log, &path));
	fresh = mem_printf(tmp, "%s.new", path);
	FILE *f = fopen(fresh, "we");
	if (!f)
		return err_sys(ERR_DATA, "cannot write '%s'", fresh);
	fprintf(f, "%s %lld %lld %lld\n", s->etag, s->piece, s->offset, s->size);
	int bad = fclose(f);
	return bad || rename(fresh, path) ? err_sys(ERR_DATA, "cannot write '%s'", path) : NULL;
}

static struct err *
stream_find(struct logmirror *m, const char *name, struct stream **out)
{
	for (size_t i = 0; i < m->n; i++) {
		if (!strcmp(m->streams[i].name, name)) {
			*out = &m->streams[i];
			return NULL;
		}
	}
	m->streams = mem_grow(m, m->streams, struct stream, m->n + 1);
	struct stream *s = &m->streams[m->n];
	*s = (struct stream){ .name = mem_strdup(m, name), .etag = "-" };
	TRY(stream_load(m, s));
	m->n++;
	*out = s;
	return NULL;
}

/* --- an object's text into a file --- */

struct pour {
	struct sink sink;
	struct strbuf line; /* begun */
	FILE *to;
	long long skip, seen; /* bytes of text: read before, and so far */
	long long used;	      /* those of whole lines */
	long long seconds;    /* the stamp of lines that have none, or 0 */
};

static struct err *
pour_line(struct pour *p)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf out;

	strbuf_init(&out, tmp, 8 * LINE_BYTES);
	logforeign_line(&out, p->line.s, p->line.len, p->seconds);
	strbuf_reset(&p->line);
	return fwrite(out.s, 1, out.len, p->to) == out.len
		       ? NULL
		       : err_sys(ERR_DATA, "cannot write a log");
}

static struct err *
pour_write(struct sink *self, const void *data, size_t n)
{
	struct pour *p = (struct pour *)self;
	const char *at = data, *end = at + n;

	if (p->seen < p->skip)
		at += p->skip - p->seen < (long long)n ? p->skip - p->seen : (long long)n;
	p->seen += (long long)n;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		strbuf_add(&p->line, at, (size_t)((stop ? stop : end) - at));
		if (!stop)
			break;
		at = stop + 1;
		p->used = p->seen - (end - at);
		TRY(pour_line(p));
	}
	return NULL;
}

/* An archived piece grows no more: its last line is whole, with or without an end. */
static struct err *
pour_object(const struct logmirror *m, struct stream *s, const struct log_object *o,
	    const struct s3_object *object, FILE *to)
{
	AUTO_MEM void *tmp = mem_root();
	struct pour p = { .sink.write = pour_write,
			  .to = to,
			  .skip = s->offset,
			  .used = s->offset,
			  .seconds = o->unstamped ? object->mtime : 0 };
	struct s3_get get = { .if_match = object->etag };

	strbuf_init(&p.line, tmp, LINE_BYTES);
	struct sink *sink = o->gzip ? inflate_in(inflate_new(tmp, &p.sink)) : &p.sink;
	TRY(s3_get(tmp, m->s3, m->bucket, object->key, &get, sink));
	if (o->archived && p.line.len)
		TRY(pour_line(&p));
	if (fflush(to))
		return err_sys(ERR_DATA, "cannot write a log");
	if (o->archived)
		s->piece = o->piece + 1;
	s->offset = o->archived ? 0 : p.used;
	snprintf(s->etag, sizeof(s->etag), "%s", o->archived ? "-" : object->etag);
	s->size = ftell(to);
	return NULL;
}

/* All of it or nothing; one that was written anew since it was listed comes at the next look. */
static struct err *
stream_fetch(const struct logmirror *m, struct stream *s, const struct log_object *o,
	     const struct s3_object *object)
{
	AUTO_MEM void *tmp = mem_root();
	char *log, *state;

	TRY(stream_paths(tmp, m, s->name, &log, &state));
	if (!s->size) /* the file is ours from its first byte on */
		TRY(stream_store(m, s));
	FILE *to = fopen(log, "ae");
	if (!to)
		return err_sys(ERR_DATA, "cannot write '%s'", log);
	struct err *e = pour_object(m, s, o, object, to);
	fclose(to);
	if (!e)
		return stream_store(m, s);
	if (truncate(log, s->size))
		return err_first(e, err_sys(ERR_DATA, "cannot cut '%s'", log));
	if (e->code != ERR_CONFLICT && e->code != ERR_NOTFOUND)
		return e;
	err_free(e);
	return NULL;
}

/* --- looking --- */

struct found {
	struct log_object o;
	const struct s3_object *object;
};

/* Archived pieces first, in their order. */
static int
found_compare(const void *a, const void *b)
{
	const struct log_object *x = &((const struct found *)a)->o,
				*y = &((const struct found *)b)->o;

	if (x->archived != y->archived)
		return x->archived ? -1 : 1;
	if (x->piece != y->piece)
		return x->piece < y->piece ? -1 : 1;
	return strcmp(x->key, y->key);
}

static struct err *
look_at(struct logmirror *m, const struct found *f)
{
	struct stream *s;

	TRY(stream_find(m, f->o.stream, &s));
	if (s->own || (f->o.archived ? f->o.piece < s->piece : !strcmp(f->object->etag, s->etag)))
		return NULL;
	return stream_fetch(m, s, &f->o, f->object);
}

static struct err *
look_below(struct logmirror *m, const char *prefix)
{
	AUTO_MEM void *tmp = mem_root();
	struct s3_object *list;
	size_t n, n_found = 0;

	TRY(s3_list(tmp, m->s3, m->bucket, prefix, NULL, &list, &n));
	struct found *found = mem_array(tmp, struct found, n);
	for (size_t i = 0; i < n; i++) {
		found[n_found].object = &list[i];
		n_found += log_object_read(list[i].key, &found[n_found].o);
	}
	if (n_found)
		qsort(found, n_found, sizeof(*found), found_compare);
	for (size_t i = 0; i < n_found; i++)
		TRY(look_at(m, &found[i]));
	return NULL;
}

static struct err *
look(struct logmirror *m)
{
	AUTO_MEM void *tmp = mem_root();

	TRY(look_below(m, mem_printf(tmp, LOG_RUNS "%lld/", m->run)));
	TRY(look_below(m, mem_printf(tmp, LOG_EMR "%lld/", m->run)));
	return m->airflow ? look_below(m, mem_printf(tmp, LOG_AIRFLOW "%s/", m->airflow)) : NULL;
}

struct err *
logmirror_look(struct logmirror *m)
{
	if (m->looked_ms && time_tick_ms() - m->looked_ms < LOOK_MS)
		return NULL;
	if (!m->ours && flock(m->fd, LOCK_EX | LOCK_NB))
		return NULL;
	m->ours = true;
	struct err *e = look(m);
	m->looked_ms = time_tick_ms();
	return e ? err_wrap(e, "cannot mirror the logs of run %lld", m->run) : NULL;
}

static int
mirror_destroy(struct logmirror *m)
{
	close(m->fd);
	return 0;
}

static struct err *
mirror_lock(struct logmirror *m)
{
	AUTO_MEM void *tmp = mem_root();
	char *path;

	TRY(lake_log_path(tmp, m->lake, mem_printf(tmp, LOG_RUNS "%lld/.lock", m->run), &path));
	m->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0660);
	if (m->fd < 0)
		return err_sys(ERR_DATA, "cannot write '%s'", path);
	mem_on_free(m, mirror_destroy);
	return NULL;
}

struct err *
logmirror_open(void *mem, const struct settings *settings, long long run, const char *airflow,
	       int budget_s, struct logmirror **out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *region = settings_get(settings, "region");
	struct s3_config config = { .aws = { .region = *region ? region : NULL,
					     .budget_s = budget_s,
					     .connect_timeout_s = budget_s } };

	struct logmirror *m = mem_new(tmp, struct logmirror);
	m->run = run;
	m->airflow = airflow ? mem_strdup(m, airflow) : NULL;
	TRY(settings_need(settings, "log_bucket", &m->bucket));
	m->bucket = mem_strdup(m, m->bucket);
	TRY(lake_open(m, settings, &m->lake));
	TRY(s3_open(m, &config, &m->s3));
	TRY(mirror_lock(m));
	mem_move(mem, m);
	*out = m;
	return NULL;
}
