/*
 * Unit tests as tables: one row is one test, and its name says which row broke.
 * A row is any struct whose first member is const char *name.
 */
#ifndef BIKEOPS_TESTS_UNIT_H
#define BIKEOPS_TESTS_UNIT_H

#include "base/err.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct unit {
	struct CMUnitTest *tests;
	size_t n;
};

static inline void
unit_add(struct unit *u, const char *name, CMUnitTestFunction function, const void *row)
{
	u->tests = mem_grow(NULL, u->tests, struct CMUnitTest, u->n + 1);
	u->tests[u->n++] = (struct CMUnitTest){
		.name = mem_strdup(u->tests, name),
		.test_func = function,
		.initial_state = (void *)(uintptr_t)row,
	};
}

static inline void
unit_rows(struct unit *u, const char *of, CMUnitTestFunction function, const void *rows, size_t n,
	  size_t size)
{
	for (size_t i = 0; i < n; i++) {
		const void *row = (const char *)rows + i * size;
		char *name = mem_printf(NULL, "%s: %s", of, *(const char *const *)row);

		unit_add(u, name, function, row);
		mem_free(name);
	}
}

#define UNIT(u, function) unit_add((u), #function, (function), NULL)
#define UNIT_ROWS(u, function, rows)                                                    \
	unit_rows((u), #function, (function), (rows), sizeof(rows) / sizeof((rows)[0]), \
		  sizeof((rows)[0]))

/* Run all, print what cmocka prints; main()'s exit status. */
static inline int
unit_run(struct unit *u, const char *name)
{
	int failed = _cmocka_run_group_tests(name, u->tests, u->n, NULL, NULL);

	mem_free(u->tests);
	return failed != 0;
}

/* Equal texts, either may be NULL. */
#define assert_text(got, want)                                                         \
	do {                                                                           \
		const char *got_ = (got), *want_ = (want);                             \
		assert_string_equal(got_ ? got_ : "<NULL>", want_ ? want_ : "<NULL>"); \
	} while (0)

/* The whole chain of an error as text, NULL for success; frees it. */
#define assert_err(call, want)                                    \
	do {                                                      \
		struct err *err_ = (call);                        \
		char *text_ = err_ ? err_text(NULL, err_) : NULL; \
		assert_text(text_, want);                         \
		mem_free(text_);                                  \
		err_free(err_);                                   \
	} while (0)

#endif
