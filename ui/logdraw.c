#include "ui/logs.h"

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "ui/draw.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define STAMPED	   14 /* cells before a text: ">14:04:12 E I " */
#define BARE	   5  /* ">E I " on a narrow screen */
#define NARROW	   50
#define FURNITURE  3 /* the sources above, ruler and place below */
#define WRAP_LINES 200

static int
text_column(int width)
{
	return width < NARROW ? BARE : STAMPED;
}

int
logs_body(int height)
{
	return height >= 2 * FURNITURE ? height - FURNITURE : height > 1 ? height - 1 : height;
}

/* --- times --- */

static void
logs_time(const struct ui *ui, long long seconds, struct tm *tm)
{
	time_t at = (time_t)seconds;

	if (ui->local_time)
		localtime_r(&at, tm);
	else
		gmtime_r(&at, tm);
}

/* "14:04:12" in the zone of the screen; "" of 0. */
static void
logs_clock(const struct ui *ui, long long seconds, char out[16])
{
	struct tm tm = { 0 };

	*out = '\0';
	if (!seconds)
		return;
	logs_time(ui, seconds, &tm);
	snprintf(out, 16, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

long long
logs_offset(const struct ui *ui, long long seconds)
{
	struct tm tm = { 0 };

	logs_time(ui, seconds, &tm);
	return tm.tm_gmtoff;
}

/* --- a row --- */

static char *
row_suffix(void *mem, const struct log_row *r)
{
	if (r->folded)
		return mem_printf(mem, " (%lld more of this stack, Enter opens)", r->folded);
	if (r->bytes > LOG_TEXT_MAX)
		return mem_printf(mem, " (%zu bytes, cut here)", r->bytes);
	return mem_strdup(mem, "");
}

int
logs_height(const struct logs_state *s, const struct log_view *v, size_t i, int width)
{
	AUTO_MEM void *tmp = mem_root();
	const struct log_row *r = &v->page.rows[i];
	int room = width - text_column(width), gap = r->gap ? 1 : 0;

	if (!s->wrap || room < 1)
		return gap + 1;
	size_t cells = text_width(r->text) + strlen(row_suffix(tmp, r));
	size_t lines = cells ? (cells - 1) / (size_t)room + 1 : 1;
	return gap + (int)(lines < WRAP_LINES ? lines : WRAP_LINES);
}

static enum colour
row_colour(const struct log_row *r)
{
	switch (r->level) {
	case LOG_ERROR:
		return C_FAILED;
	case LOG_WARN:
		return C_WARN;
	case LOG_DEBUG:
		return C_DIM;
	case LOG_INFO:
		break;
	}
	return C_TEXT;
}

/* Bytes of s that fill room cells, one character at least. */
static size_t
piece_length(const char *s, int room)
{
	AUTO_MEM void *tmp = mem_root();
	size_t n = 0;
	int cells = 0;

	while (s[n]) {
		size_t bytes = utf8_length(s + n);

		bytes = bytes ? bytes : 1;
		cells += (int)text_width(mem_strndup(tmp, s + n, bytes));
		if (cells > room)
			return n ? n : bytes;
		n += bytes;
	}
	return n;
}

/* A log is cut anywhere: its blanks mean something. */
static int
draw_pieces(WINDOW *win, int y, int x, int stop, int room, enum colour c, const char *s)
{
	AUTO_MEM void *tmp = mem_root();
	int n = 0;

	for (; (*s || !n) && y + n < stop && n < WRAP_LINES; n++) {
		size_t len = piece_length(s, room);

		draw_text(win, y + n, x, room, c, mem_strndup(tmp, s, len));
		s += len;
	}
	return n;
}

static void
draw_matches(WINDOW *win, int y, int x, int width, const struct logs_state *s, const char *text)
{
	AUTO_MEM void *tmp = mem_root();
	bool capitals = strpbrk(s->find, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL;
	int cells = (int)text_width(s->find), column = -s->left;
	const char *from = text;

	if (!*s->find)
		return;
	for (const char *at = text; at; at++) {
		at = capitals ? strstr(at, s->find) : strcasestr(at, s->find);
		if (!at)
			return;
		char *between = mem_strndup(tmp, from, (size_t)(at - from));
		column += (int)text_width(between);
		mem_free(between);
		from = at;
		if (column >= width)
			return;
		if (column >= 0)
			draw_tint(win, y, x + column,
				  column + cells > width ? width - column : cells, C_MATCH);
	}
}

static int
draw_row(const struct ui *ui, WINDOW *win, int y, int stop, const struct logs_state *s,
	 const struct log_row *r)
{
	AUTO_MEM void *tmp = mem_root();
	int width = getmaxx(win), x = text_column(width), room = width - x;
	enum colour c = row_colour(r);
	const char *suffix = row_suffix(tmp, r);
	char clock[16];

	logs_clock(ui, r->stamped ? r->at : 0, clock);
	if (x == STAMPED)
		draw_text(win, y, 1, 8, C_DIM, clock);
	draw_format(win, y, x - 4, 2, C_KEY, "%c", r->letter);
	draw_format(win, y, x - 2, 2, c, "%c", r->stamped ? "EWID"[r->level] : ' ');
	if (s->wrap)
		return draw_pieces(win, y, x, stop, room, c,
				   mem_printf(tmp, "%s%s", r->text, suffix));
	int tail = (int)strlen(suffix) < room ? (int)strlen(suffix) : 0;
	int n = draw_from(win, y, x, room - tail, c, r->text, s->left);
	draw_matches(win, y, x, room - tail, s, r->text);
	draw_text(win, y, x + n, tail, C_DIM, suffix);
	return 1;
}

static int
draw_gap(WINDOW *win, int y, const struct log_row *r)
{
	AUTO_MEM void *tmp = mem_root();
	char *text = mem_printf(tmp, " %s without a line ", time_duration(tmp, r->gap * 1000));

	draw_hline(win, y, 1, getmaxx(win) - 2);
	draw_text(win, y, text_column(getmaxx(win)), (int)strlen(text), C_DIM, text);
	return 1;
}

static void
draw_body(const struct ui *ui, WINDOW *win, int y, const struct logs_state *s,
	  const struct log_view *v)
{
	int stop = y + logs_body(getmaxy(win));
	size_t cursor = logs_row(v, s->cursor);

	for (size_t i = logs_row(v, s->top); i < v->page.n && y < stop; i++) {
		const struct log_row *r = &v->page.rows[i];

		if (r->gap)
			y += draw_gap(win, y, r);
		if (y >= stop)
			break;
		int n = draw_row(ui, win, y, stop, s, r);
		if (i == cursor) {
			draw_text(win, y, 0, 1, C_SELECTED, glyph(G_CURSOR));
			draw_tint(win, y, 0, getmaxx(win), C_SELECTED);
		}
		y += n;
	}
}

/* --- above and below --- */

/* "X extract 3 h", or without the name; the first attempt goes without saying. */
static char *
source_text(void *mem, const struct ui *ui, const struct log_source *f, bool named)
{
	size_t n = strlen(f->name);

	n -= n > 3 && !strcmp(f->name + n - 3, ".a1") ? 3 : 0;
	return mem_printf(mem, " %.*s%s%s", named ? (int)n : 0, f->name, named ? " " : "",
			  ui_age(mem, ui, f->written_us));
}

/* Every file with its letter and how long ago it was written to. */
static void
draw_sources(const struct ui *ui, WINDOW *win, const struct logs_state *s, const struct log_view *v)
{
	AUTO_MEM void *tmp = mem_root();
	int width = getmaxx(win), x = 3 + draw_text(win, 0, 1, width - 1, C_DIM, "written");
	size_t cells = (size_t)x;

	for (size_t i = 0; i < v->n_sources; i++)
		cells += 5 + text_width(source_text(tmp, ui, &v->sources[i], true));
	for (size_t i = 0; i < v->n_sources && x < width; i++) {
		const struct log_source *f = &v->sources[i];
		bool hidden = s->ask.filter.hidden >> i & 1;

		x += draw_format(win, 0, x, width - x, hidden ? C_DIM : C_KEY,
				 hidden ? "(%c)" : "%c", f->letter);
		x += draw_text(win, 0, x, width - x, hidden ? C_DIM : C_TEXT,
			       source_text(tmp, ui, f, cells < (size_t)width));
		x += cells < (size_t)width ? 3 : 2;
	}
}

/* Buckets from to to - 1 as one character. */
static char
ruler_mark(const struct log_ruler *r, size_t from, size_t to)
{
	char mark = ' ';

	for (size_t i = from; i < to && i < LOG_RULER; i++) {
		if (r->errors[i])
			return '!';
		if (r->warnings[i])
			mark = ':';
		else if (r->lines[i] && mark == ' ')
			mark = '.';
	}
	return mark;
}

static enum colour
mark_colour(char mark)
{
	return mark == '!' ? C_FAILED : mark == ':' ? C_WARN : C_DIM;
}

static void
draw_marks(WINDOW *win, int y, int x, int cells, const struct log_totals *t, long long at)
{
	const struct log_ruler *r = &t->ruler;
	size_t used = (size_t)((t->last - r->from) / r->width + 1);
	size_t here = at > r->from ? (size_t)((at - r->from) / r->width) : 0;

	used = t->last < r->from || used > LOG_RULER ? LOG_RULER : used;
	for (size_t i = 0; i < (size_t)cells; i++) {
		size_t from = i * used / (size_t)cells, to = (i + 1) * used / (size_t)cells;
		bool begins = !i || from != (i - 1) * used / (size_t)cells;
		to = to > from ? to : from + 1;
		char mark = ruler_mark(r, from, to);

		if (!begins && mark != ' ') /* a wide bucket has one mark */
			mark = '.';
		draw_format(win, y, x + (int)i, 1, mark_colour(mark), "%c", mark);
		if (at && begins && here >= from && here < to)
			draw_tint(win, y, x + (int)i, 1, C_SELECTED);
	}
}

static void
draw_ruler(const struct ui *ui, WINDOW *win, int y, const struct logs_state *s,
	   const struct log_view *v)
{
	AUTO_MEM void *tmp = mem_root();
	const struct log_totals *t = &v->totals;
	char *sum = mem_printf(tmp, " errors %lld  warnings %lld", t->errors, t->warnings);
	int width = getmaxx(win), cells = width - 2 - 2 * 9 - 2 - (int)strlen(sum);
	char from[16], last[16];

	if (cells < 4 || !t->ruler.width) {
		draw_text(win, y, 0, width, t->errors ? C_FAILED : C_TEXT, sum);
		return;
	}
	logs_clock(ui, t->ruler.from, from);
	logs_clock(ui, t->last, last);
	draw_format(win, y, 1, 10, C_TEXT, "%s |", from);
	draw_marks(win, y, 11, cells, t, v->page.n ? v->page.rows[logs_row(v, s->cursor)].at : 0);
	draw_format(win, y, 11 + cells, 10, C_TEXT, "| %s", last);
	draw_text(win, y, 21 + cells, width - 21 - cells, t->errors ? C_FAILED : C_TEXT, sum);
}

static const char *
level_name(enum log_level level)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };

	return names[level];
}

static char *
place_text(void *mem, const struct logs_state *s, const struct log_view *v)
{
	const struct log_filter *f = &s->ask.filter;
	const struct log_totals *t = &v->totals;
	struct strbuf out;

	strbuf_init(&out, mem, 1024);
	if (s->cursor < LOG_UNNUMBERED && t->indexed == t->bytes)
		strbuf_printf(&out, "where %lld/%lld",
			      v->page.n ? v->page.rows[logs_row(v, s->cursor)].n + 1 : 0, t->lines);
	else
		strbuf_printf(&out, "indexing %lld %%", t->bytes ? t->indexed * 100 / t->bytes : 0);
	if (v->page.n)
		strbuf_printf(&out, "  %s",
			      v->sources[v->page.rows[logs_row(v, s->cursor)].source].name);
	strbuf_printf(&out, "  level %s", level_name(f->level));
	if (*f->text)
		strbuf_printf(&out, "  filter: %s", f->text);
	if (*f->text && f->context)
		strbuf_printf(&out, " +%d", f->context);
	if (*s->find)
		strbuf_printf(&out, "  find: %s", s->find);
	strbuf_printf(&out, "%s%s%s", s->follow ? "  FOLLOW" : "", s->wrap ? "  WRAP" : "",
		      f->fold ? "" : "  UNFOLDED");
	if (s->taken != s->ask.number)
		strbuf_str(&out, "  searching");
	if (v->said)
		strbuf_printf(&out, "  %s", v->said);
	return out.s;
}

static void
draw_nothing(const struct ui *ui, WINDOW *win)
{
	const struct feed_item *item = ui->feed[FEED_LOGS];
	const char *why = item && item->error ? item->error : "reading the logs";

	draw_text(win, 0, 1, getmaxx(win) - 1, C_TEXT, why);
	if (item && item->error)
		draw_text(win, 1, 1, getmaxx(win) - 1, C_DIM,
			  item->hint ? item->hint : "1 starts a run, 4 lists the runs");
}

void
logs_draw(const struct ui *ui, WINDOW *win, const void *state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct logs_state *s = state;
	const struct log_view *v = logs_view(ui);
	int height = getmaxy(win), y = height >= 2 * FURNITURE ? 1 : 0;

	if (!v) {
		draw_nothing(ui, win);
		return;
	}
	if (y) {
		draw_sources(ui, win, s, v);
		draw_ruler(ui, win, height - 2, s, v);
	}
	draw_body(ui, win, y, s, v);
	if (!v->page.n)
		draw_text(win, y, 1, getmaxx(win) - 1, C_DIM,
			  v->totals.bytes ? "no line is let through: & and m and o change that"
					  : "there is no line: the files are empty, or gone");
	if (height > 1)
		draw_text(win, height - 1, 1, getmaxx(win) - 1, C_TEXT, place_text(tmp, s, v));
}
