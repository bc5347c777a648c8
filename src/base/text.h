/* Text from outside: measured, and made harmless before anybody sees it. */
#ifndef BIKEOPS_BASE_TEXT_H
#define BIKEOPS_BASE_TEXT_H

#include "base/strbuf.h"

#include <stddef.h>

/*
 * Append s so that no terminal can be moved by it: controls as ^[, bytes that
 * are not UTF-8 and C1 controls as \x9b.
 */
void text_safe(struct strbuf *out, const char *s);
/* Terminal cells that text_safe() fills. */
size_t text_width(const char *s);
/* One JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void strbuf_json(struct strbuf *out, const char *s);
/* Bytes of the UTF-8 character at s, 0 where there is none.  Source: RFC 3629. */
size_t utf8_length(const char *s);

#endif
