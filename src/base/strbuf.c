#include "base/strbuf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STRBUF_MOST ((size_t)(1 << 28) - 64) /* talloc gives no more in one piece */

void
strbuf_init(struct strbuf *sb, void *mem, size_t max)
{
	*sb = (struct strbuf){ .mem = mem, .max = max < STRBUF_MOST ? max : STRBUF_MOST };
	sb->size = max < 63 ? max + 1 : 64;
	sb->s = mem_array(mem, char, sb->size);
}

void
strbuf_add(struct strbuf *sb, const void *data, size_t n)
{
	if (n > sb->max - sb->len) {
		sb->full = true;
		n = sb->max - sb->len;
	}
	if (sb->len + n + 1 > sb->size) {
		sb->size = (sb->len + n) * 2 < sb->max ? (sb->len + n) * 2 + 1 : sb->max + 1;
		sb->s = mem_grow(sb->mem, sb->s, char, sb->size);
	}
	memcpy(sb->s + sb->len, data, n);
	sb->len += n;
	sb->s[sb->len] = '\0';
}

void
strbuf_str(struct strbuf *sb, const char *s)
{
	strbuf_add(sb, s, strlen(s));
}

void
strbuf_char(struct strbuf *sb, char c)
{
	strbuf_add(sb, &c, 1);
}

void
strbuf_printf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *text = mem_check(talloc_vasprintf(NULL, fmt, ap));
	va_end(ap);
	strbuf_str(sb, text);
	mem_free(text);
}

void
strbuf_reset(struct strbuf *sb)
{
	sb->len = 0;
	sb->full = false;
	sb->s[0] = '\0';
}
