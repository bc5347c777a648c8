#include "view/logfile.h"

#include "base/strbuf.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/bikeops-test-logfile-XXXXXX";

static void
put(const char *path, const char *data, size_t n, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);

	assert_int_equal(write(fd, data, n), (ssize_t)n);
	close(fd);
}

/* "0[first]6[second]" of a file with two lines */
static char *
lines(void *mem, struct logfile *f)
{
	struct logfile_line line;
	struct strbuf out;

	strbuf_init(&out, mem, 1 << 20);
	for (off_t at = 0; logfile_line(f, at, logfile_size(f), &line); at = line.next) {
		strbuf_printf(&out, "%lld[", (long long)at);
		if (line.len > 100)
			strbuf_printf(&out, "%c*%zu", *line.text, line.len);
		else
			strbuf_add(&out, line.text, line.len);
		strbuf_char(&out, ']');
	}
	return out.s;
}

struct text_row {
	const char *name;
	const char *text;
	const char *want;
};

static const struct text_row text_rows[] = {
	{ "empty", "", "" },
	{ "one", "a\n", "0[a]" },
	{ "two", "first\nsecond\n", "0[first]6[second]" },
	{ "without an end", "a\nbc", "0[a]2[bc]" },
	{ "empty lines", "\n\na\n\n", "0[]1[]2[a]4[]" },
};

static void
texts(void **state)
{
	const struct text_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	const char *path = mem_printf(tmp, "%s/texts", dir);
	struct logfile *f;

	put(path, row->text, strlen(row->text), O_TRUNC);
	assert_err(logfile_open(tmp, path, &f), NULL);
	assert_text(lines(tmp, f), row->want);
}

struct long_row {
	const char *name;
	size_t before, n, behind; /* a-line, x-line, b-line; 0: none */
	const char *want;
};

static const struct long_row long_rows[] = {
	{ "at the window's end", 0, 65535, 101, "0[x*65535]65536[b*101]" },
	{ "over the window's end", 65000, 1000, 101, "0[a*65000]65001[x*1000]66002[b*101]" },
	{ "wider than the window", 101, 300000, 101, "0[a*101]102[x*300000]300103[b*101]" },
	{ "the longest", 101, 1048575, 101, "0[a*101]102[x*1048575]1048678[b*101]" },
	{ "in two pieces", 101, 1048876, 101,
	  "0[a*101]102[x*1048576]1048678[x*300]1048979[b*101]" },
	{ "without end", 0, 2500000, 0, "0[x*1048576]1048576[x*1048576]2097152[x*402848]" },
};

static void
longs(void **state)
{
	const struct long_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	const char *path = mem_printf(tmp, "%s/longs", dir);
	const size_t sizes[] = { row->before, row->n, row->behind };
	struct logfile *f;

	put(path, "", 0, O_TRUNC);
	for (size_t i = 0; i < 3; i++) {
		char *line = mem_array(tmp, char, sizes[i] + 1);

		memset(line, "axb"[i], sizes[i]);
		line[sizes[i]] = '\n';
		if (sizes[i])
			put(path, line, sizes[i] + (i < 2 && !row->behind ? 0 : 1), O_APPEND);
	}
	assert_err(logfile_open(tmp, path, &f), NULL);
	assert_text(lines(tmp, f), row->want);
}

struct change_row {
	const char *name;
	enum { APPEND, CUT, REPLACE, REMOVE, NOTHING } what;
	const char *text;
	enum logfile_change want;
	const char *lines;
};

static const struct change_row change_rows[] = {
	{ "nothing", NOTHING, "", LOGFILE_SAME, "0[one]4[two]" },
	{ "grown", APPEND, "three\n", LOGFILE_GROWN, "0[one]4[two]8[three]" },
	{ "cut", CUT, "new\n", LOGFILE_OTHER, "0[new]" },
	{ "replaced", REPLACE, "another\nlonger one\n", LOGFILE_OTHER, "0[another]8[longer one]" },
	{ "taken away", REMOVE, "", LOGFILE_OTHER, "" },
};

static void
changes(void **state)
{
	const struct change_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	const char *path = mem_printf(tmp, "%s/changes", dir),
		   *other = mem_printf(tmp, "%s/o", dir);
	struct logfile *f;

	put(path, "one\ntwo\n", 8, O_TRUNC);
	assert_err(logfile_open(tmp, path, &f), NULL);
	assert_text(lines(tmp, f), "0[one]4[two]");
	if (row->what == REMOVE)
		unlink(path);
	else if (row->what != NOTHING)
		put(row->what == REPLACE ? other : path, row->text, strlen(row->text),
		    row->what == APPEND ? O_APPEND : O_TRUNC);
	if (row->what == REPLACE)
		assert_int_equal(rename(other, path), 0);
	assert_int_equal(logfile_look(f), row->want);
	assert_text(lines(tmp, f), row->lines);
}

struct begin_row {
	const char *name;
	off_t at, want;
};

static const struct begin_row begin_rows[] = {
	{ "start", 0, 0 },	    { "in the first", 1, 6 }, { "at the second", 6, 6 },
	{ "in the second", 7, 13 }, { "behind all", 99, 13 },
};

static void
begins(void **state)
{
	const struct begin_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	const char *path = mem_printf(tmp, "%s/begins", dir);
	struct logfile *f;

	put(path, "first\nsecond\n", 13, O_TRUNC);
	assert_err(logfile_open(tmp, path, &f), NULL);
	assert_int_equal(logfile_begin(f, row->at), row->want);
}

static void
no_file(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const char *path = mem_printf(tmp, "%s/fifo", dir);
	struct logfile *f;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_err(logfile_open(tmp, path, &f), mem_printf(tmp, "'%s' is no file", path));
	unlink(path);
	assert_err(logfile_open(tmp, path, &f),
		   mem_printf(tmp, "cannot open '%s': No such file or directory", path));
}

int
main(void)
{
	static const char *const names[] = { "texts", "longs", "changes", "begins" };
	struct unit u = { 0 };

	assert_non_null(mkdtemp(dir));
	UNIT_ROWS(&u, texts, text_rows);
	UNIT_ROWS(&u, longs, long_rows);
	UNIT_ROWS(&u, changes, change_rows);
	UNIT_ROWS(&u, begins, begin_rows);
	UNIT(&u, no_file);
	int status = unit_run(&u, "logfile");
	for (size_t i = 0; i < 4; i++) {
		char *path = mem_printf(NULL, "%s/%s", dir, names[i]);

		unlink(path);
		mem_free(path);
	}
	rmdir(dir);
	return status;
}
