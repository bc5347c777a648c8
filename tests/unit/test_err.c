#include "base/err.h"

#include "unit.h"

#include <errno.h>

struct code_row {
	const char *name;
	enum err_code code;
	int status;
	bool retry;
};

/* The contract of exit statuses, written a second time on purpose. */
static const struct code_row code_rows[] = {
	{ "usage", ERR_USAGE, 2, false },      { "config", ERR_CONFIG, 2, false },
	{ "auth", ERR_AUTH, 3, false },	       { "network", ERR_NET, 3, true },
	{ "timeout", ERR_TIMEOUT, 3, true },   { "notfound", ERR_NOTFOUND, 1, false },
	{ "conflict", ERR_CONFLICT, 1, true }, { "remote", ERR_REMOTE, 1, false },
	{ "data", ERR_DATA, 1, false },	       { "locked", ERR_LOCKED, 4, false },
	{ "refused", ERR_REFUSED, 4, false },  { "cancelled", ERR_CANCELLED, 130, false },
};

static void
codes(void **state)
{
	const struct code_row *row = *state;

	assert_string_equal(err_name(row->code), row->name);
	assert_int_equal(err_code_of(row->name), row->code);
	assert_int_equal(err_status(row->code), row->status);
	assert_int_equal(err_may_retry(row->code), row->retry);
}

static void
unknown_name(void **state)
{
	(void)state;
	assert_int_equal(err_code_of("nonsense"), ERR_REMOTE);
}

static void
chain(void **state)
{
	struct err *e;

	(void)state;
	errno = ENOENT;
	e = err_sys(ERR_NOTFOUND, "cannot open '%s'", "x.csv");
	e = err_wrap(err_hint(e, "copy it %s", "there"), "cannot import %d files", 9);
	assert_int_equal(e->code, ERR_NOTFOUND);
	assert_string_equal(e->msg, "cannot import 9 files");
	assert_string_equal(e->cause->msg, "cannot open 'x.csv'");
	assert_string_equal(e->cause->cause->msg, "No such file or directory");
	assert_null(e->cause->cause->cause);
	assert_non_null(strstr(e->file, "test_err.c"));
	assert_string_equal(err_hint_of(e), "copy it there");
	assert_null(err_remote_of(e));
	assert_err(e, "cannot import 9 files: cannot open 'x.csv': No such file or directory");
}

static void
outermost_hint_and_code(void **state)
{
	struct err *e = err_hint(err_remote(err_new(ERR_NET, "a"), "08006"), "inner");

	(void)state;
	e = err_hint(err_wrap(e, "b"), "outer");
	assert_string_equal(err_hint_of(e), "outer");
	assert_string_equal(err_remote_of(e), "08006");
	err_free(e);
	assert_null(err_hint_of(NULL));
	assert_null(err_remote_of(NULL));
	err_free(NULL);
}

static void
first_of_two(void **state)
{
	(void)state;
	assert_err(err_first(NULL, NULL), NULL);
	assert_err(err_first(NULL, err_new(ERR_DATA, "b")), "b");
	assert_err(err_first(err_new(ERR_DATA, "a"), NULL), "a");
	assert_err(err_first(err_new(ERR_DATA, "a"), err_new(ERR_DATA, "b")), "a");
}

static struct err *
tries(struct err *e, bool *reached)
{
	TRY(e);
	*reached = true;
	return NULL;
}

static void
try_returns(void **state)
{
	bool reached = false;

	(void)state;
	assert_err(tries(err_new(ERR_DATA, "stop"), &reached), "stop");
	assert_false(reached);
	assert_err(tries(NULL, &reached), NULL);
	assert_true(reached);
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, codes, code_rows);
	UNIT(&u, unknown_name);
	UNIT(&u, chain);
	UNIT(&u, outermost_hint_and_code);
	UNIT(&u, first_of_two);
	UNIT(&u, try_returns);
	return unit_run(&u, "err");
}
