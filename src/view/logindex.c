#include "view/logindex.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

#define CHUNK_LINES 4096
#define CHUNK_BYTES ((size_t)512 << 10)
#define CHUNK_MAX   ((size_t)4 << 20) /* ends a chunk in the middle of a second */

/* --- sources --- */

static void
index_begin(struct logmerge *m)
{
	mem_free(m->chunk);
	m->chunk = mem_array(m, struct chunk, 1);
	m->n_chunks = 1;
	m->cut = true;
	m->done = m->total = (struct log_totals){ 0 };
}

struct logmerge *
logmerge_new(void *mem, const atomic_bool *stop)
{
	struct logmerge *m = mem_new(mem, struct logmerge);

	m->stop = stop;
	index_begin(m);
	return m;
}

bool
logmerge_stopped(const struct logmerge *m)
{
	return m->stop && atomic_load(m->stop);
}

/* Levels have theirs: error, warning, info, debug. */
static bool
letter_taken(const struct logmerge *m, char letter)
{
	if (strchr("EWID", letter))
		return true;
	for (size_t i = 0; i < m->n; i++) {
		if (m->in[i].letter == letter)
			return true;
	}
	return false;
}

/* That of another try of its task; else the first one of its name that is free, else any. */
static char
letter_of(const struct logmerge *m, const char *name)
{
	size_t task = strcspn(name, ".");
	static const char others[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+@";

	for (size_t i = 0; i < m->n; i++) {
		if (strcspn(m->in[i].name, ".") == task && !strncmp(m->in[i].name, name, task))
			return m->in[i].letter;
	}
	for (; *name && *name != '.'; name++) {
		char c = (char)toupper((unsigned char)*name);

		if (isalpha((unsigned char)c) && !letter_taken(m, c))
			return c;
	}
	for (const char *c = others; *c; c++) {
		if (!letter_taken(m, *c))
			return *c;
	}
	return '?';
}

struct err *
logmerge_add(struct logmerge *m, const char *name, const char *path)
{
	struct logfile *file;

	if (m->n == LOGMERGE_SOURCES)
		return NULL;
	TRY(logfile_open(m, path, &file));
	m->in[m->n] = (struct log_input){
		.file = file,
		.name = mem_strdup(m, name),
		.letter = letter_of(m, name),
		.worker = !strcmp(name, "worker"),
	};
	m->n++;
	return NULL;
}

/* The worker's first: what it says, its task's log said before. */
bool
logmerge_look(struct logmerge *m)
{
	bool changed = false;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < m->n; i++) {
			if (m->in[i].worker != !pass)
				continue;
			enum logfile_change c = logfile_look(m->in[i].file);

			if (c == LOGFILE_OTHER)
				index_begin(m);
			changed = changed || c != LOGFILE_SAME;
		}
	}
	return changed;
}

struct log_source *
logmerge_sources(void *mem, const struct logmerge *m, size_t *n)
{
	struct log_source *list = mem_array(mem, struct log_source, m->n);

	for (size_t i = 0; i < m->n; i++) {
		const struct log_input *in = &m->in[i];

		list[i] = (struct log_source){ mem_strdup(list, in->name), in->letter,
					       logfile_size(in->file),
					       logfile_written_us(in->file) };
	}
	*n = m->n;
	return list;
}

const struct log_totals *
logmerge_totals(const struct logmerge *m)
{
	return &m->total;
}

/* --- the index --- */

/* Make room for time by joining buckets two by two. */
static void
ruler_widen(struct log_ruler *r, long long time)
{
	while ((time - r->from) / r->width >= LOG_RULER) {
		for (size_t i = 0; i < LOG_RULER; i++) {
			bool in = i < LOG_RULER / 2;

			r->errors[i] = in ? r->errors[2 * i] + r->errors[2 * i + 1] : 0;
			r->warnings[i] = in ? r->warnings[2 * i] + r->warnings[2 * i + 1] : 0;
			r->lines[i] = in ? r->lines[2 * i] + r->lines[2 * i + 1] : 0;
		}
		r->width *= 2;
	}
}

static void
ruler_count(struct log_ruler *r, const struct log_head *h)
{
	if (!h->time)
		return;
	if (!r->width) {
		r->from = h->time;
		r->width = 1;
	}
	ruler_widen(r, h->time);
	size_t i = h->time < r->from ? 0 : (size_t)((h->time - r->from) / r->width);
	r->lines[i]++;
	r->errors[i] += h->stamped && h->level == LOG_ERROR;
	r->warnings[i] += h->stamped && h->level == LOG_WARN;
}

struct log_walk *
chunk_walk(void *mem, struct logmerge *m, size_t k)
{
	const struct chunk *c = &m->chunk[k], *next = k + 1 < m->n_chunks ? c + 1 : NULL;

	return log_walk(mem, m->in, m->n, c->mark, c->n_marks, next ? next->mark : NULL,
			next ? next->n_marks : 0);
}

static bool
chunk_full(const struct chunk *c, const struct log_head *h, long long last)
{
	if (c->bytes >= CHUNK_MAX)
		return true;
	return (c->lines >= CHUNK_LINES || c->bytes >= CHUNK_BYTES) && h->stamped &&
	       h->time != last;
}

void
chunk_count(struct chunk *c, const struct log_head *h, size_t source)
{
	c->lines++;
	c->errors += h->stamped && h->level == LOG_ERROR;
	c->warnings += h->stamped && h->level == LOG_WARN;
	c->latest = h->time > c->latest ? h->time : c->latest;
	c->sources |= 1ULL << source;
	c->levels |= 1U << h->level;
	c->bytes += h->line.len + 1;
}

/* What the last chunk adds. */
static void
total_add(struct log_totals *t, const struct chunk *c)
{
	t->lines += c->lines;
	t->errors += c->errors;
	t->warnings += c->warnings;
}

static void
chunk_close(struct logmerge *m, const struct log_walk *w, long long last)
{
	const struct chunk *c = &m->chunk[m->n_chunks - 1];
	struct chunk next = { .first = c->first + c->lines, .before = last, .n_marks = w->n };

	total_add(&m->done, c);
	m->done.ruler = m->total.ruler;
	if (m->n_chunks % 64 == 0 || m->n_chunks == 1)
		m->chunk = mem_grow(m, m->chunk, struct chunk, (m->n_chunks / 64 + 1) * 64);
	next.mark = mem_memdup(m->chunk, w->mark, w->n * sizeof(*w->mark));
	m->chunk[m->n_chunks++] = next;
}

/* The last chunk anew, up to its end or the files'; true where it was closed. */
static bool
chunk_index(struct logmerge *m)
{
	AUTO_MEM void *tmp = mem_root();
	struct log_walk *w = chunk_walk(tmp, m, m->n_chunks - 1);
	struct chunk *c = &m->chunk[m->n_chunks - 1];
	long long last = c->before;
	const struct log_head *h;

	*c = (struct chunk){
		.first = c->first, .before = c->before, .mark = c->mark, .n_marks = c->n_marks
	};
	m->total.ruler = m->done.ruler;
	for (; (h = log_walk_peek(w)); log_walk_take(w)) {
		if (chunk_full(c, h, last)) {
			chunk_close(m, w, last);
			return true;
		}
		chunk_count(c, h, w->source);
		ruler_count(&m->total.ruler, h);
		last = h->time;
	}
	m->total.last = last;
	return false;
}

static void
totals_set(struct logmerge *m)
{
	struct chunk *c = &m->chunk[m->n_chunks - 1];
	struct log_totals *t = &m->total;

	t->lines = m->done.lines;
	t->errors = m->done.errors;
	t->warnings = m->done.warnings;
	total_add(t, c);
	t->bytes = t->indexed = 0;
	for (size_t i = 0; i < m->n; i++) {
		t->bytes += logfile_size(m->in[i].file);
		t->indexed += i < c->n_marks ? c->mark[i].at : 0;
	}
}

bool
logmerge_index(struct logmerge *m, size_t bytes)
{
	size_t done = 0;
	bool more = true;

	while (more && done < bytes && !logmerge_stopped(m)) {
		size_t k = m->n_chunks - 1;

		more = chunk_index(m);
		done += m->chunk[k].bytes;
	}
	totals_set(m);
	if (!more)
		m->total.indexed = m->total.bytes;
	return more;
}

size_t
chunk_of(const struct logmerge *m, long long line)
{
	size_t lo = 0, hi = m->n_chunks;

	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;

		if (m->chunk[mid].first <= line)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}
