#include "base/text.h"

#include <wchar.h>

static size_t
utf8_decode(const char *s, unsigned long *point)
{
	static const unsigned long least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	size_t n = *u < 0x80   ? 1
		   : *u < 0xc2 ? 0
		   : *u < 0xe0 ? 2
		   : *u < 0xf0 ? 3
		   : *u < 0xf5 ? 4
			       : 0;

	*point = n == 1 ? *u : *u & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (u[i] & 0x3f);
	}
	if (n > 1 && (*point < least[n] || *point > 0x10ffff))
		return 0;
	return *point >= 0xd800 && *point < 0xe000 ? 0 : n;
}

size_t
utf8_length(const char *s)
{
	unsigned long point;

	return *s ? utf8_decode(s, &point) : 0;
}

/* One character at s, made safe; counts its cells; returns its bytes. */
static size_t
text_char(struct strbuf *out, const char *s, size_t *cells)
{
	unsigned long point;
	size_t n = utf8_decode(s, &point);
	int width = 1;

	if (!n || (point >= 0x80 && point < 0xa0)) {
		if (out)
			strbuf_printf(out, "\\x%02lx",
				      n ? point : (unsigned long)(unsigned char)*s);
		width = 4;
	} else if ((point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069)) {
		if (out) /* they turn what follows around */
			strbuf_printf(out, "\\u%04lx", point);
		width = 6;
	} else if (point < 0x20 || point == 0x7f) {
		if (out)
			strbuf_printf(out, "^%c", (char)(point ^ 0x40));
		width = 2;
	} else {
		if (out)
			strbuf_add(out, s, n);
		width = point < 0x80 ? 1 : wcwidth((wchar_t)point);
	}
	*cells += width < 0 ? 1 : (size_t)width;
	return n ? n : 1;
}

void
text_safe(struct strbuf *out, const char *s)
{
	size_t cells = 0;

	while (*s)
		s += text_char(out, s, &cells);
}

size_t
text_width(const char *s)
{
	size_t cells = 0;

	while (*s)
		s += text_char(NULL, s, &cells);
	return cells;
}

void
strbuf_json(struct strbuf *out, const char *s)
{
	strbuf_char(out, '"');
	while (*s) {
		size_t n = utf8_length(s);

		if (!n)
			strbuf_str(out, "\\ufffd");
		else if (*s == '"' || *s == '\\')
			strbuf_printf(out, "\\%c", *s);
		else if (*s == '\n')
			strbuf_str(out, "\\n");
		else if ((unsigned char)*s < 0x20)
			strbuf_printf(out, "\\u%04x", (unsigned)(unsigned char)*s);
		else
			strbuf_add(out, s, n);
		s += n ? n : 1;
	}
	strbuf_char(out, '"');
}
