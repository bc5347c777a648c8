#include "view/logmerge.h"

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "local/files.h"
#include "view/logindex.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define TAIL_BYTES ((off_t)64 << 10)

/* --- what of it is shown --- */

enum { SHOWN = 1, HIT = 2, FRAME = 4, HEAD = 8 };

/* One byte a line: what is shown of chunk k. */
struct plan {
	unsigned char *flag; /* [n] */
	size_t n;
};

/* A text made ready to be looked for.  Source: R. N. Horspool, Practical Fast Searching. */
struct needle {
	const char *text;
	size_t n;
	bool exact; /* has capitals */
	unsigned char skip[256];
};

static unsigned char
fold_case(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static struct needle
needle_make(const char *text)
{
	struct needle n = { .text = text, .n = strnlen(text, UCHAR_MAX) };

	for (size_t i = 0; i < n.n; i++)
		n.exact = n.exact || isupper((unsigned char)text[i]);
	memset(n.skip, (int)n.n, sizeof(n.skip));
	for (size_t i = 0; i + 1 < n.n; i++)
		n.skip[(unsigned char)text[i]] = (unsigned char)(n.n - 1 - i);
	return n;
}

static bool
equal_folded(const char *line, const char *text, size_t n)
{
	while (n && fold_case(line[n - 1]) == (unsigned char)text[n - 1])
		n--;
	return n == 0;
}

static bool
line_has(const struct logfile_line *line, const struct needle *n)
{
	if (!n->n)
		return true;
	for (size_t i = 0; i + n->n <= line->len;) {
		const char *at = line->text + i;
		char last = at[n->n - 1];

		if (n->exact ? !memcmp(at, n->text, n->n) : equal_folded(at, n->text, n->n))
			return true;
		i += n->skip[n->exact ? (unsigned char)last : fold_case(last)];
	}
	return false;
}

static bool
line_allowed(const struct log_filter *filter, const struct log_head *h, size_t source)
{
	return h->level <= filter->level && !(filter->hidden >> source & 1);
}

static bool
line_is_frame(const struct log_head *h)
{
	const char *s = h->message;

	if (h->stamped || !h->message_len)
		return false;
	return *s == ' ' || *s == '\t' || (h->message_len > 2 && !memcmp(s, "at ", 3));
}

/* No line of it can be shown, whatever it says. */
static bool
chunk_skipped(const struct chunk *c, const struct log_filter *filter)
{
	return !(c->sources & ~filter->hidden) || !(c->levels & ((2U << filter->level) - 1));
}

/* Flags of chunk k's lines from place at of the plan on; HIT reaches into its neighbours. */
static void
plan_chunk(struct plan *p, struct logmerge *m, size_t k, size_t at, const struct log_filter *filter)
{
	AUTO_MEM void *tmp = mem_root();
	struct log_walk *w = chunk_walk(tmp, m, k);
	const struct needle needle = needle_make(filter->text);
	const struct log_head *h;
	size_t stop = at + (size_t)m->chunk[k].lines;

	for (; at < stop && (h = log_walk_peek(w)); log_walk_take(w), at++) {
		if (!line_allowed(filter, h, w->source))
			continue;
		p->flag[at] |= (unsigned char)(SHOWN | (line_is_frame(h) ? FRAME : 0));
		if (!line_has(&h->line, &needle))
			continue;
		size_t context = (size_t)filter->context, from = at > context ? at - context : 0;
		for (size_t i = from; i <= at + context && i < p->n; i++)
			p->flag[i] |= HIT;
	}
}

static bool
is_open(const struct log_filter *filter, long long n)
{
	for (size_t i = 0; i < filter->n_open; i++) {
		if (filter->open[i] == n)
			return true;
	}
	return !filter->fold;
}

/* Which of the shown lines begin a row: all but a folded stack's, behind its first. */
static void
plan_heads(struct plan *p, long long first, const struct log_filter *filter)
{
	enum { NONE, FOLDED, OPEN } stack = NONE;

	for (size_t i = 0; i < p->n; i++) {
		unsigned char f = p->flag[i];

		if ((f & (SHOWN | HIT)) != (SHOWN | HIT))
			continue;
		if (!(f & FRAME))
			stack = NONE;
		if (stack != FOLDED)
			p->flag[i] |= HEAD;
		if ((f & FRAME) && stack == NONE)
			stack = is_open(filter, first + (long long)i) ? OPEN : FOLDED;
	}
}

static struct plan
plan_make(void *mem, struct logmerge *m, size_t k, const struct log_filter *filter)
{
	bool wide = filter->text[0] && filter->context;
	size_t from = wide && k ? k - 1 : k, to = wide && k + 1 < m->n_chunks ? k + 1 : k;
	long long first = m->chunk[from].first;
	struct plan p = { .n = (size_t)(m->chunk[to].first + m->chunk[to].lines - first) };
	size_t skip = (size_t)(m->chunk[k].first - first);

	p.flag = mem_array(mem, unsigned char, p.n);
	for (size_t i = from; i <= to; i++)
		plan_chunk(&p, m, i, (size_t)(m->chunk[i].first - first), filter);
	p.flag += skip;
	p.n = (size_t)m->chunk[k].lines;
	plan_heads(&p, m->chunk[k].first, filter);
	return p;
}

/* --- rows --- */

static void
text_piece(struct strbuf *out, const char *s, size_t n)
{
	AUTO_MEM void *tmp = mem_root();

	text_safe(out, mem_strndup(tmp, s, n));
}

/* Tabs as blanks, NUL as any control. */
static const char *
row_text(void *mem, const char *s, size_t n, size_t max)
{
	struct strbuf out;
	size_t len;

	n = n && s[n - 1] == '\r' ? n - 1 : n;
	n = n < max ? n : max;
	strbuf_init(&out, mem, 4 * n + 1);
	for (; n; s += len, n -= len) {
		for (len = 0; len < n && s[len] && s[len] != '\t';)
			len++;
		text_piece(&out, s, len);
		if (len == n)
			break;
		strbuf_str(&out, s[len++] ? "    " : "^@");
	}
	return out.s;
}

static struct log_row
row_of(void *mem, const struct logmerge *m, const struct log_walk *w, const struct log_head *h,
       long long before)
{
	bool gap = before && h->time - before > LOG_GAP_S;

	return (struct log_row){
		.source = (int)w->source,
		.letter = m->in[w->source].letter,
		.level = h->level,
		.stamped = h->stamped,
		.at = h->time,
		.gap = gap ? h->time - before : 0,
		.bytes = h->line.len,
		.text = row_text(mem, h->message, h->message_len, LOG_TEXT_MAX),
	};
}

/* Lines from to to - 1 of the plan, as rows. */
static size_t
plan_rows(void *mem, struct logmerge *m, size_t k, const struct plan *p, size_t from, size_t to,
	  struct log_row *rows)
{
	AUTO_MEM void *tmp = mem_root();
	struct log_walk *w = chunk_walk(tmp, m, k);
	long long before = m->chunk[k].before;
	const struct log_head *h;
	size_t n = 0;

	for (size_t i = 0; i < to && (h = log_walk_peek(w)); log_walk_take(w), i++) {
		if (i >= from && (p->flag[i] & HEAD)) {
			rows[n] = row_of(mem, m, w, h, before);
			rows[n++].n = m->chunk[k].first + (long long)i;
		} else if (i >= from && n && (p->flag[i] & (SHOWN | HIT)) == (SHOWN | HIT)) {
			rows[n - 1].folded++;
		}
		before = h->time;
	}
	return n;
}

/* Up to max rows of chunk k within line numbers lo to hi - 1: the first, or the last. */
static size_t
chunk_rows(void *mem, struct logmerge *m, size_t k, const struct log_filter *filter, long long lo,
	   long long hi, size_t max, bool last, struct log_row *rows)
{
	AUTO_MEM void *tmp = mem_root();
	const struct chunk *c = &m->chunk[k];

	if (!max || chunk_skipped(c, filter) || logmerge_stopped(m))
		return 0;
	struct plan p = plan_make(tmp, m, k, filter);
	size_t from = lo > c->first ? (size_t)(lo - c->first) : 0;
	size_t to = hi < c->first + c->lines ? (size_t)(hi - c->first) : p.n, n = 0;
	if (last) {
		size_t i = to;

		while (i > from && n < max)
			n += (p.flag[--i] & HEAD) != 0;
		from = i;
		while (to < p.n && !(p.flag[to] & HEAD)) /* the rest of its stack */
			to++;
	} else {
		size_t i = from;

		while (i < to && (n < max || !(p.flag[i] & HEAD)))
			n += (p.flag[i++] & HEAD) != 0;
		to = i;
	}
	return plan_rows(mem, m, k, &p, from, to, rows);
}

/* Rows before line anchor, the last of them in rows[max - 1]; gives how many. */
static size_t
rows_before(void *mem, struct logmerge *m, const struct log_filter *filter, long long anchor,
	    size_t max, struct log_row *rows)
{
	size_t n = 0, got;

	for (size_t k = chunk_of(m, anchor) + 1; k-- > 0 && n < max;) {
		struct log_row *part = mem_array(mem, struct log_row, max - n);

		got = chunk_rows(mem, m, k, filter, 0, anchor, max - n, true, part);
		n += got;
		memcpy(rows + max - n, part, got * sizeof(*part));
		mem_free(part);
	}
	return n;
}

/* One row more at each end tells whether there is any. */
void
logmerge_page(void *mem, struct logmerge *m, const struct log_filter *filter, long long anchor,
	      size_t before, size_t behind, struct log_page *out)
{
	struct log_row *rows = mem_array(mem, struct log_row, before + behind + 2);
	size_t had = rows_before(rows, m, filter, anchor, before + 1, rows), n = had;
	size_t want = behind + 1;

	memmove(rows, rows + before + 1 - n, n * sizeof(*rows));
	for (size_t k = chunk_of(m, anchor); k < m->n_chunks && want; k++) {
		size_t got =
			chunk_rows(rows, m, k, filter, anchor, LLONG_MAX, want, false, rows + n);

		n += got;
		want -= got;
	}
	out->first = had <= before;
	out->last = want > 0;
	out->rows = out->first ? rows : rows + 1;
	out->n = n - !out->first - !out->last;
}

/* A chunk of the files' ends stands in for an index. */
static struct chunk
tail_chunk(void *mem, struct logmerge *m)
{
	struct chunk c = { .first = LOG_UNNUMBERED, .n_marks = m->n };

	c.mark = mem_array(mem, struct log_mark, m->n);
	for (size_t i = 0; i < m->n; i++) {
		off_t size = logfile_size(m->in[i].file);

		c.mark[i].at =
			logfile_begin(m->in[i].file, size > TAIL_BYTES ? size - TAIL_BYTES : 0);
		c.mark[i].level = LOG_INFO;
	}
	return c;
}

void
logmerge_tail(void *mem, struct logmerge *m, const struct log_filter *filter, size_t rows,
	      struct log_page *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct logmerge tail = { .n = m->n };
	struct chunk c = tail_chunk(tmp, m);

	if (m->total.indexed == m->total.bytes) {
		logmerge_page(mem, m, filter, m->total.lines, rows, 0, out);
		return;
	}
	memcpy(tail.in, m->in, sizeof(tail.in));
	tail.chunk = &c;
	tail.n_chunks = 1;
	struct log_walk *w = chunk_walk(tmp, &tail, 0);
	for (const struct log_head *h; (h = log_walk_peek(w)); log_walk_take(w))
		chunk_count(&c, h, w->source);
	*out = (struct log_page){ .rows = mem_array(mem, struct log_row, rows), .last = true };
	out->n = chunk_rows(out->rows, &tail, 0, filter, 0, LLONG_MAX, rows, true, out->rows);
}

/* --- finding --- */

static bool
line_found(const struct log_filter *filter, const struct needle *needle, const struct log_walk *w,
	   const struct log_head *h)
{
	if (!line_allowed(filter, h, w->source))
		return false;
	return needle ? line_has(&h->line, needle) : h->stamped && h->level == LOG_ERROR;
}

static long long
chunk_find(struct logmerge *m, size_t k, const struct log_filter *filter,
	   const struct needle *needle, long long from, bool forward)
{
	AUTO_MEM void *tmp = mem_root();
	struct log_walk *w = chunk_walk(tmp, m, k);
	long long n = m->chunk[k].first, stop = n + m->chunk[k].lines, found = -1;
	const struct log_head *h;

	for (; n < stop && (h = log_walk_peek(w)); log_walk_take(w), n++) {
		if (!forward && n >= from)
			break;
		if (forward && n <= from)
			continue;
		if (!line_found(filter, needle, w, h))
			continue;
		found = n;
		if (forward)
			break;
	}
	return found;
}

long long
logmerge_find(struct logmerge *m, const struct log_filter *filter, const char *text, long long from,
	      bool forward)
{
	const struct needle needle = needle_make(text ? text : "");
	size_t k = chunk_of(m, from);
	long long found = -1;

	for (; found < 0 && k < m->n_chunks && !logmerge_stopped(m);
	     k += forward ? 1 : (size_t)-1) {
		const struct chunk *c = &m->chunk[k];

		if (!chunk_skipped(c, filter) && (text || c->errors))
			found = chunk_find(m, k, filter, text ? &needle : NULL, from, forward);
	}
	return found;
}

long long
logmerge_at(struct logmerge *m, long long seconds)
{
	AUTO_MEM void *tmp = mem_root();
	size_t k = 0;
	const struct log_head *h;

	while (k < m->n_chunks && m->chunk[k].latest < seconds)
		k++;
	if (k == m->n_chunks)
		return -1;
	struct log_walk *w = chunk_walk(tmp, m, k);
	long long n = m->chunk[k].first;
	for (; (h = log_walk_peek(w)) && h->time < seconds; n++)
		log_walk_take(w);
	return h ? n : -1;
}

/* --- saving --- */

static void
save_line(struct strbuf *out, const struct logmerge *m, const struct log_walk *w,
	  const struct log_head *h)
{
	static const char *const levels[] = { "error", "warning", "info", "debug" };
	AUTO_MEM void *tmp = mem_root();
	const char *name = m->in[w->source].name;

	strbuf_printf(out, "%-20s %-7s %-16.*s ", h->time ? time_iso(tmp, h->time * 1000000) : "",
		      h->time ? levels[h->level] : "", (int)strcspn(name, "."), name);
	strbuf_str(out, row_text(tmp, h->message, h->message_len, LOGFILE_LINE_MAX));
	strbuf_char(out, '\n');
}

static struct err *
save_flush(struct strbuf *out, int fd)
{
	if (!file_put(fd, out->s, out->len))
		return err_sys(ERR_DATA, "cannot write the file");
	strbuf_reset(out);
	return NULL;
}

struct err *
logmerge_save(struct logmerge *m, const struct log_filter *filter, size_t *part, int fd, bool *more)
{
	AUTO_MEM void *tmp = mem_root();
	struct log_filter whole = *filter;
	struct strbuf out;
	const struct log_head *h;

	m->cut = m->cut && *part;
	if (m->cut)
		return err_new(ERR_DATA,
			       "a log was cut or replaced meanwhile: the file is not whole");
	struct log_walk *w = chunk_walk(tmp, m, *part);
	whole.fold = false;
	struct plan p = plan_make(tmp, m, *part, &whole);
	strbuf_init(&out, tmp, 8 * LOGFILE_LINE_MAX);
	for (size_t i = 0; i < p.n && (h = log_walk_peek(w)); log_walk_take(w), i++) {
		if (p.flag[i] & HEAD)
			save_line(&out, m, w, h);
		if (out.len > LOGFILE_LINE_MAX)
			TRY(save_flush(&out, fd));
	}
	*more = ++*part < m->n_chunks;
	return save_flush(&out, fd);
}
