#include "local/files.h"

#include "unit.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static char dir[] = "/tmp/bikeops-test-files-XXXXXX";

/* A disk takes a part of it: the error is the disk's, and nothing is left. */
static void
writes_whole_or_not(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	char *path = mem_printf(tmp, "%s/x", dir), *text;
	struct rlimit before, small;

	(void)state;
	assert_err(file_write(path, "first"), NULL);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ 3, before.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	struct err *e = file_write(path, "second");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_err(e, mem_printf(tmp, "cannot write '%s': File too large", path));
	assert_int_equal(access(mem_printf(tmp, "%s.new", path), F_OK), -1);
	assert_err(file_read(tmp, path, &text), NULL);
	assert_string_equal(text, "first");
	unlink(path);
}

struct end_row {
	const char *name;
	const char *text;
	size_t max;
	const char *want;
};

static const struct end_row end_rows[] = {
	{ "all of it", "a\nbc\n", 5, "a\nbc\n" },
	{ "whole lines of the end", "a\nbc\nd\n", 5, "d\n" },
	{ "one long line", "abcdef", 3, "def" },
	{ "nothing", "", 3, "" },
};

static void
reads_the_end(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct end_row *row = *state;
	char *path = mem_printf(tmp, "%s/x", dir), *text;

	assert_err(file_write(path, row->text), NULL);
	assert_err(file_read_end(tmp, path, row->max, &text), NULL);
	assert_string_equal(text, row->want);
	unlink(path);
}

int
main(void)
{
	struct unit u = { 0 };

	if (!mkdtemp(dir))
		return 1;
	UNIT(&u, writes_whole_or_not);
	UNIT_ROWS(&u, reads_the_end, end_rows);
	int status = unit_run(&u, "files");
	rmdir(dir);
	return status;
}
