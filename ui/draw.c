#include "ui/draw.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdarg.h>
#include <string.h>
#include <wchar.h>

#define DRAW_TEXT_MAX 65536

static char *
draw_safe(void *mem, const char *text)
{
	struct strbuf sb;

	strbuf_init(&sb, mem, DRAW_TEXT_MAX);
	text_safe(&sb, text);
	return sb.s;
}

/* Cells of the character of n bytes at s; a C locale has only those of one byte. */
static int
draw_cells(const char *s, size_t n, wchar_t *wide)
{
	mbstate_t state = { 0 };

	if (mbrtowc(wide, s, n, &state) != n) {
		*wide = L'?';
		return 1;
	}
	int width = wcwidth(*wide);
	if (width < 0)
		*wide = L'?';
	return width < 0 ? 1 : width;
}

/* One harmless text between the columns x and end, its first cells skipped. */
static int
draw_run(WINDOW *win, int y, int x, int end, enum colour c, const char *s, int skip)
{
	int at = x - skip;

	wattrset(win, (int)theme_attr(c));
	while (*s) {
		size_t n = utf8_length(s);
		wchar_t wide[2] = { 0 };
		int width = draw_cells(s, n ? n : 1, wide);

		if (at + width > end)
			break;
		if (at >= x && width)
			mvwaddnwstr(win, y, at, wide, 1);
		at += width;
		s += n ? n : 1;
	}
	if (*s && end > x && at >= x)
		mvwaddstr(win, y, end - 1, glyph(G_MORE));
	wattrset(win, A_NORMAL);
	return at < x ? 0 : at - x;
}

int
draw_from(WINDOW *win, int y, int x, int width, enum colour c, const char *text, int skip)
{
	AUTO_MEM void *tmp = mem_root();
	int end = x + width < getmaxx(win) ? x + width : getmaxx(win);

	if (!text || y < 0 || y >= getmaxy(win) || x < 0 || x >= end)
		return 0;
	return draw_run(win, y, x, end, c, draw_safe(tmp, text), skip);
}

int
draw_text(WINDOW *win, int y, int x, int width, enum colour c, const char *text)
{
	return draw_from(win, y, x, width, c, text, 0);
}

void
draw_right(WINDOW *win, int y, int x, int width, enum colour c, const char *text)
{
	int n = text ? (int)text_width(text) : 0;

	draw_text(win, y, n < width ? x + width - n : x, n < width ? n : width, c, text);
}

int
draw_format(WINDOW *win, int y, int x, int width, enum colour c, const char *fmt, ...)
{
	AUTO_MEM void *tmp = mem_root();
	va_list ap;

	va_start(ap, fmt);
	char *text = mem_check(talloc_vasprintf(tmp, fmt, ap));
	va_end(ap);
	return draw_text(win, y, x, width, c, text);
}

/* Bytes of s that fill one row, cut at a blank where there is one. */
static size_t
draw_fitting(const char *s, int width)
{
	size_t n = 0, blank = 0;
	int cells = 0;

	while (s[n]) {
		size_t bytes = utf8_length(s + n);
		wchar_t wide;

		bytes = bytes ? bytes : 1;
		cells += draw_cells(s + n, bytes, &wide);
		if (cells > width)
			return blank ? blank : n ? n : bytes;
		if (s[n] == ' ')
			blank = n;
		n += bytes;
	}
	return n;
}

int
draw_wrapped(WINDOW *win, int y, int x, int height, int width, enum colour c, const char *text)
{
	AUTO_MEM void *tmp = mem_root();
	const char *s = text ? draw_safe(tmp, text) : "";
	int row = 0;

	while (*s && row < height && width > 0) {
		size_t n = draw_fitting(s, width);

		if (row + 1 == height) /* the rest, which shows that it goes on */
			n = strlen(s);
		draw_text(win, y + row++, x, width, c, mem_strndup(tmp, s, n));
		s += n;
		s += *s == ' ';
	}
	return row;
}

void
draw_tint(WINDOW *win, int y, int x, int width, enum colour c)
{
	if (y >= 0 && y < getmaxy(win) && x >= 0 && x < getmaxx(win))
		mvwchgat(win, y, x, width, theme_attr(c), (short)PAIR_NUMBER((int)theme_attr(c)),
			 NULL);
}

/* One glyph of the program's own, n times. */
static void
draw_glyphs(WINDOW *win, int y, int x, int n, enum colour c, const char *g)
{
	if (y < 0 || y >= getmaxy(win))
		return;
	wattrset(win, (int)theme_attr(c));
	for (int i = x; i < x + n && i < getmaxx(win); i++)
		mvwaddstr(win, y, i, g);
	wattrset(win, A_NORMAL);
}

void
draw_hline(WINDOW *win, int y, int x, int width)
{
	draw_glyphs(win, y, x, width, C_DIM, glyph(G_H));
}

void
draw_box(WINDOW *win, int y, int x, int height, int width, const char *title)
{
	if (height < 2 || width < 2)
		return;
	for (int i = 0; i < 2; i++) {
		int row = i ? y + height - 1 : y;

		draw_glyphs(win, row, x, 1, C_DIM, glyph(i ? G_BL : G_TL));
		draw_hline(win, row, x + 1, width - 2);
		draw_glyphs(win, row, x + width - 1, 1, C_DIM, glyph(i ? G_BR : G_TR));
	}
	for (int row = y + 1; row < y + height - 1; row++) {
		draw_glyphs(win, row, x, 1, C_DIM, glyph(G_V));
		draw_glyphs(win, row, x + width - 1, 1, C_DIM, glyph(G_V));
	}
	if (title && width > 6)
		draw_format(win, y, x + 2, width - 4, C_STRONG, " %s ", title);
}

static const struct state {
	const char *name, *letters;
	enum colour colour;
} states[] = {
	{ "ok", "ok", C_OK },	       { "running", ">>", C_RUNNING },
	{ "queued", "..", C_WAITING }, { "waiting", "..", C_WAITING },
	{ "failed", "!!", C_FAILED },  { "fail", "!!", C_FAILED },
	{ "dead", "!!", C_FAILED },    { "retry", "~~", C_WARN },
	{ "upstream", "uf", C_WARN },  { "skipped", "--", C_DIM },
	{ "cancelled", "xx", C_WARN }, { "refused", "--", C_DIM },
	{ "warn", "! ", C_WARN },      { "unknown", "? ", C_WARN },
};

static const struct state *
state_find(const char *name)
{
	static const struct state none = { "", "? ", C_WARN };

	for (size_t i = 0; name && i < sizeof(states) / sizeof(states[0]); i++) {
		if (!strcmp(states[i].name, name))
			return &states[i];
	}
	return &none;
}

const char *
state_letters(const char *state)
{
	return state_find(state)->letters;
}

enum colour
state_colour(const char *state)
{
	return state_find(state)->colour;
}

int
draw_state(WINDOW *win, int y, int x, const char *state)
{
	return draw_text(win, y, x, 2, state_colour(state), state_letters(state));
}

void
draw_bar(WINDOW *win, int y, int x, int width, enum colour c, long long part, long long whole)
{
	int full = whole <= 0 || part <= 0 ? 0
		   : part >= whole	   ? width
					   : (int)((double)part / (double)whole * width);

	draw_glyphs(win, y, x, full, c, glyph(G_FULL));
	draw_glyphs(win, y, x + full, width - full, C_DIM, glyph(G_EMPTY));
}

static const char *
spark_glyph(long long value, long long most)
{
	static const char *const ascii[] = { "_", ".", "-", "^" };
	static const char *const bars[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	int n = theme_utf8() ? 8 : 4;

	if (value < 0)
		return " ";
	int level = most > 0 ? (int)((double)value / (double)most * (n - 1) + 0.5) : 0;
	return theme_utf8() ? bars[level] : ascii[level];
}

void
draw_spark(WINDOW *win, int y, int x, int width, enum colour c, const long long *values, size_t n)
{
	size_t from = n > (size_t)(width < 0 ? 0 : width) ? n - (size_t)(width < 0 ? 0 : width) : 0;
	long long most = 0;

	for (size_t i = from; i < n; i++)
		most = values[i] > most ? values[i] : most;
	for (size_t i = from; i < n; i++)
		draw_glyphs(win, y, x + (int)(i - from), 1, c, spark_glyph(values[i], most));
}

int
draw_top(int cursor, int top, int n, int height)
{
	if (top > n - height)
		top = n - height;
	if (cursor >= top + height)
		top = cursor - height + 1;
	if (cursor < top)
		top = cursor;
	return top < 0 ? 0 : top;
}

void
draw_beyond(WINDOW *win, int y, int top, int n, int height)
{
	AUTO_MEM void *tmp = mem_root();

	if (n - top > height)
		draw_right(win, y, 0, getmaxx(win) - 2, C_STRONG,
			   mem_printf(tmp, " %d more: Down ", n - top - height));
}
