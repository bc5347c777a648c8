#include "base/err.h"

#include "base/mem.h"
#include "base/strbuf.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static const struct {
	const char *name;
	int status;
	bool retry;
} codes[] = {
#define X(code, name, status, retry) [code] = { name, status, retry },
	ERR_CODES(X)
#undef X
};

static struct err *
err_make(const char *file, int line, enum err_code code, const char *fmt, va_list ap)
{
	struct err *e = mem_new(NULL, struct err);

	e->code = code;
	e->file = file;
	e->line = line;
	e->msg = mem_check(talloc_vasprintf(e, fmt, ap));
	return e;
}

struct err *
err_new_at(const char *file, int line, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct err *e = err_make(file, line, code, fmt, ap);
	va_end(ap);
	return e;
}

struct err *
err_sys_at(const char *file, int line, enum err_code code, const char *fmt, ...)
{
	int saved = errno;
	char text[128];
	va_list ap;

	va_start(ap, fmt);
	struct err *e = err_make(file, line, code, fmt, ap);
	va_end(ap);
	e->cause = err_new_at(file, line, code, "%s", strerror_r(saved, text, sizeof(text)));
	mem_move(e, e->cause);
	return e;
}

struct err *
err_wrap_at(const char *file, int line, struct err *cause, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct err *e = err_make(file, line, cause->code, fmt, ap);
	va_end(ap);
	e->cause = cause;
	mem_move(e, cause);
	return e;
}

struct err *
err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	e->hint = mem_check(talloc_vasprintf(e, fmt, ap));
	va_end(ap);
	return e;
}

struct err *
err_remote(struct err *e, const char *code)
{
	e->remote = mem_strdup(e, code);
	return e;
}

char *
err_text(void *mem, const struct err *e)
{
	char *text = mem_strdup(mem, e->msg);

	for (e = e->cause; e; e = e->cause) {
		char *longer = mem_printf(mem, "%s: %s", text, e->msg);

		mem_free(text);
		text = longer;
	}
	return text;
}

const char *
err_hint_of(const struct err *e)
{
	while (e && !e->hint)
		e = e->cause;
	return e ? e->hint : NULL;
}

const char *
err_remote_of(const struct err *e)
{
	while (e && !e->remote)
		e = e->cause;
	return e ? e->remote : NULL;
}

const char *
err_name(enum err_code code)
{
	return codes[code].name;
}

enum err_code
err_code_of(const char *name)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (!strcmp(codes[i].name, name))
			return (enum err_code)i;
	}
	return ERR_REMOTE;
}

int
err_status(enum err_code code)
{
	return codes[code].status;
}

bool
err_may_retry(enum err_code code)
{
	return codes[code].retry;
}

void
err_free(struct err *e)
{
	if (e)
		mem_free(e);
}

struct err *
err_first(struct err *a, struct err *b)
{
	if (!a)
		return b;
	err_free(b);
	return a;
}
