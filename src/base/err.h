/*
 * Errors: a function that can fail returns struct err *, NULL is success, and
 * writes its results only on success.
 */
#ifndef BIKEOPS_BASE_ERR_H
#define BIKEOPS_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

/* X(code, name in logs and JSON, exit status, may a retry help) */
#define ERR_CODES(X)                      \
	X(ERR_USAGE, "usage", 2, 0)       \
	X(ERR_CONFIG, "config", 2, 0)     \
	X(ERR_AUTH, "auth", 3, 0)         \
	X(ERR_NET, "network", 3, 1)       \
	X(ERR_TIMEOUT, "timeout", 3, 1)   \
	X(ERR_NOTFOUND, "notfound", 1, 0) \
	X(ERR_CONFLICT, "conflict", 1, 1) \
	X(ERR_REMOTE, "remote", 1, 0)     \
	X(ERR_DATA, "data", 1, 0)         \
	X(ERR_LOCKED, "locked", 4, 0)     \
	X(ERR_REFUSED, "refused", 4, 0)   \
	X(ERR_CANCELLED, "cancelled", 130, 0)

enum err_code {
#define X(code, name, status, retry) code,
	ERR_CODES(X)
#undef X
};

struct err {
	enum err_code code; /* what a caller may branch on; wrapping keeps it */
	const char *msg;    /* what failed, with its subject: "cannot list 's3://raw/2018'" */
	const char *hint;   /* what the operator can do next, or NULL */
	const char *remote; /* the service's own code, "40001" or "SlowDown", or NULL */
	const char *file;   /* where it was raised, shown with -vv */
	int line;
	struct err *cause; /* why, or NULL at the root; owned */
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* The caller owns what comes back and ends it by err_free(). */
#define err_new(code, ...) err_new_at(__FILE__, __LINE__, (code), __VA_ARGS__)
/* errno becomes the cause. */
#define err_sys(code, ...) err_sys_at(__FILE__, __LINE__, (code), __VA_ARGS__)
/* Context in front, same code; takes e. */
#define err_wrap(e, ...)   err_wrap_at(__FILE__, __LINE__, (e), __VA_ARGS__)

struct err *err_new_at(const char *file, int line, enum err_code code, const char *fmt, ...)
	MUST_CHECK __attribute__((format(printf, 4, 5), returns_nonnull));
struct err *err_sys_at(const char *file, int line, enum err_code code, const char *fmt, ...)
	MUST_CHECK __attribute__((format(printf, 4, 5), returns_nonnull));
struct err *err_wrap_at(const char *file, int line, struct err *e, const char *fmt, ...) MUST_CHECK
__attribute__((format(printf, 4, 5), returns_nonnull));

/* Add what the operator can do next, or the service's own code; returns e. */
struct err *err_hint(struct err *e, const char *fmt, ...) MUST_CHECK
__attribute__((format(printf, 2, 3), returns_nonnull));
struct err *err_remote(struct err *e, const char *code) MUST_CHECK;

/* The chain as one sentence: "cannot stage orders: cannot read 'x': no such file". */
char *err_text(void *mem, const struct err *e);
/* The outermost hint of the chain, or NULL; borrowed. */
const char *err_hint_of(const struct err *e);
const char *err_remote_of(const struct err *e);
const char *err_name(enum err_code code);
/* The code whose name this is; ERR_REMOTE for one unknown. */
enum err_code err_code_of(const char *name);
int err_status(enum err_code code);
bool err_may_retry(enum err_code code);

void err_free(struct err *e); /* NULL is fine */
/* Keep the first of two errors, free the other. */
struct err *err_first(struct err *a, struct err *b) MUST_CHECK;

/* The only macro that returns: pass an error on unchanged. */
#define TRY(call)                          \
	do {                               \
		struct err *try_ = (call); \
		if (try_)                  \
			return try_;       \
	} while (0)

#endif
