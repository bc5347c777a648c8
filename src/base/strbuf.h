/* Growing text with a maximum, so that no reply can eat the host. */
#ifndef BIKEOPS_BASE_STRBUF_H
#define BIKEOPS_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

struct strbuf {
	char *s; /* always NUL-terminated; a talloc child of mem */
	size_t len;
	size_t size;
	size_t max;
	bool full; /* something did not fit and was dropped */
	void *mem;
};

/* max is in bytes, at most 256 MiB; past it sb->full is set and further text is dropped. */
void strbuf_init(struct strbuf *sb, void *mem, size_t max);
void strbuf_add(struct strbuf *sb, const void *data, size_t n);
void strbuf_str(struct strbuf *sb, const char *s);
void strbuf_char(struct strbuf *sb, char c);
void strbuf_printf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_reset(struct strbuf *sb); /* empty it, keep its memory */

#endif
