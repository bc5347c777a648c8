#include "view/logwalk.h"

#include "base/mem.h"
#include "view/logs.h"

#include <string.h>

static long long
number(const char *digits, size_t n)
{
	long long value = 0;

	while (n--)
		value = value * 10 + (*digits++ - '0');
	return value;
}

/* Days of the civil calendar.  Source: H. Hinnant, chrono-Compatible Low-Level Date Algorithms. */
static long long
days(long long year, long long month, long long day)
{
	year -= month <= 2;
	long long era = (year >= 0 ? year : year - 399) / 400, yoe = year - era * 400;
	long long doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* Seconds since 1970 of "2026-07-15T14:04:12Z". */
static long long
log_seconds(const char *s)
{
	return days(number(s, 4), number(s + 5, 2), number(s + 8, 2)) * 86400 +
	       number(s + 11, 2) * 3600 + number(s + 14, 2) * 60 + number(s + 17, 2);
}

struct log_walk *
log_walk(void *mem, struct log_input *in, size_t n, const struct log_mark *mark, size_t n_marks,
	 const struct log_mark *end, size_t n_ends)
{
	struct log_walk *w = mem_new(mem, struct log_walk);

	w->in = in;
	w->n = w->last = n;
	w->mark = mem_array(w, struct log_mark, n);
	w->end = mem_array(w, off_t, n);
	w->head = mem_array(w, struct log_head, n);
	for (size_t i = 0; i < n; i++) {
		w->mark[i] = i < n_marks ? mark[i] : (struct log_mark){ .level = LOG_INFO };
		w->end[i] = end ? (i < n_ends ? end[i].at : 0) : logfile_size(in[i].file);
	}
	return w;
}

/* --- heads --- */

static enum log_level
level_of(const char *name)
{
	return *name == 'e'   ? LOG_ERROR
	       : *name == 'w' ? LOG_WARN
	       : *name == 'd' ? LOG_DEBUG
			      : LOG_INFO;
}

static void
head_parse(struct log_head *h, struct log_input *in, const struct log_mark *before)
{
	struct log_text text;

	logs_parse(h->line.text, &text);
	h->stamped = text.time[0] && text.message <= h->line.text + h->line.len;
	h->message = h->stamped ? text.message : h->line.text;
	h->message_len = h->line.len - (size_t)(h->message - h->line.text);
	h->time = before->time;
	h->level = before->level;
	if (!h->stamped)
		return;
	if (memcmp(in->stamp, text.time, sizeof(in->stamp)) != 0) {
		memcpy(in->stamp, text.time, sizeof(in->stamp));
		in->stamp_s = log_seconds(text.time);
	}
	h->time = in->stamp_s;
	h->level = level_of(text.level);
}

static const struct log_head *
head_of(struct log_walk *w, size_t i)
{
	struct log_head *h = &w->head[i];

	if (!h->known) {
		h->have = logfile_line(w->in[i].file, w->mark[i].at, w->end[i], &h->line);
		if (h->have)
			head_parse(h, &w->in[i], &w->mark[i]);
		h->known = true;
	}
	return h->have ? h : NULL;
}

static bool
comes_before(const struct log_walk *w, size_t a, size_t b)
{
	if (w->head[a].time != w->head[b].time)
		return w->head[a].time < w->head[b].time;
	return w->in[a].worker != w->in[b].worker ? w->in[b].worker : a < b;
}

static bool
choose(struct log_walk *w)
{
	const struct log_head *h = w->last < w->n ? head_of(w, w->last) : NULL;

	w->source = h && !h->stamped ? w->last : w->n;
	if (w->source < w->n)
		return true;
	for (size_t i = 0; i < w->n; i++) {
		if (head_of(w, i) && (w->source == w->n || comes_before(w, i, w->source)))
			w->source = i;
	}
	return w->source < w->n;
}

/* --- what the worker says again --- */

static uint64_t
hash_line(const struct logfile_line *line)
{
	uint64_t h = 0xcbf29ce484222325ULL; /* FNV-1a */

	for (size_t i = 0; i < line->len; i++)
		h = (h ^ (unsigned char)line->text[i]) * 0x100000001b3ULL;
	return h ? h : 1;
}

/* The slot of hash, or the empty one where it would be. */
static uint64_t *
seen_slot(const struct log_walk *w, uint64_t hash)
{
	size_t i = hash & (w->seen_room - 1);

	while (w->seen[i] && w->seen[i] != hash)
		i = (i + 1) & (w->seen_room - 1);
	return &w->seen[i];
}

static void
seen_grow(struct log_walk *w)
{
	uint64_t *old = w->seen;
	size_t n = w->seen_room;

	w->seen_room = n ? n * 2 : 256;
	w->seen = mem_array(w, uint64_t, w->seen_room);
	for (size_t i = 0; i < n; i++) {
		if (old[i])
			*seen_slot(w, old[i]) = old[i];
	}
	mem_free(old);
}

static void
seen_add(struct log_walk *w, const struct log_head *h)
{
	if (w->seen && w->seen_time != h->time) {
		mem_free(w->seen);
		w->seen = NULL;
		w->seen_room = w->n_seen = 0;
	}
	w->seen_time = h->time;
	if (w->n_seen * 2 >= w->seen_room)
		seen_grow(w);
	*seen_slot(w, hash_line(&h->line)) = hash_line(&h->line);
	w->n_seen++;
}

static bool
seen_before(const struct log_walk *w, const struct log_head *h)
{
	return h->stamped && w->seen && w->seen_time == h->time &&
	       *seen_slot(w, hash_line(&h->line));
}

/* Will a worker have lines of this second? */
static bool
worker_waits(struct log_walk *w, long long time)
{
	const struct log_head *h;

	for (size_t i = 0; i < w->n; i++) {
		if (w->in[i].worker && (h = head_of(w, i)) && h->time == time)
			return true;
	}
	return false;
}

/* --- lines --- */

const struct log_head *
log_walk_peek(struct log_walk *w)
{
	while (choose(w)) {
		const struct log_head *h = &w->head[w->source];

		if (!w->in[w->source].worker || !seen_before(w, h))
			return h;
		log_walk_take(w);
	}
	return NULL;
}

void
log_walk_take(struct log_walk *w)
{
	size_t i = w->source;
	struct log_head *h = &w->head[i];

	if (h->stamped && !w->in[i].worker && worker_waits(w, h->time))
		seen_add(w, h);
	w->mark[i] = (struct log_mark){ h->line.next, h->time, h->level };
	h->known = false;
	w->last = i;
}
