#include "source/csv.h"

#include "base/strbuf.h"
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

struct read_row {
	const char *name;
	const char *input;
	const char *want;  /* each record as "LINE:VALUE|VALUE;", a quoted value in <>; or */
	const char *error; /* the whole message */
};

static const struct read_row read_rows[] = {
	{ "plain", "a,b\n1,x\n2,y\n", "2:1|x;3:2|y;", NULL },
	{ "no line end at the end", "a,b\n1,x", "2:1|x;", NULL },
	{ "CR LF", "a,b\r\n1,x\r\n", "2:1|x;", NULL },
	{ "a CR alone belongs to the value", "a\nx\ry\n", "2:x\ry;", NULL },
	{ "byte order mark",
	  "\xef\xbb\xbf"
	  "a\n1\n",
	  "2:1;", NULL },
	{ "empty values", "a,b\n,\n", "2:|;", NULL },
	{ "quoted", "a,b\n\"x\",\"\"\n", "2:<x>|<>;", NULL },
	{ "doubled quotes", "a\n\"say \"\"hi\"\"\"\n", "2:<say \"hi\">;", NULL },
	{ "quoted comma and line ends", "a,b\n\"1,2\",\"x\r\ny\nz\"\n3,4\n",
	  "2:<1,2>|<x\r\ny\nz>;5:3|4;", NULL },
	{ "NULL with and without quotes", "a,b\nNULL,\"NULL\"\n", "2:NULL|<NULL>;", NULL },
	{ "UTF-8", "a\nZo\xc3\xab \xf0\x9f\x9a\xb2\n", "2:Zo\xc3\xab \xf0\x9f\x9a\xb2;", NULL },
	{ "header only", "a,b\n", "", NULL },
	{ "quoted header", "\"a\",b\n1,2\n", "2:1|2;", NULL },
	{ "empty file", "", NULL, "'t.csv', line 1: the file is empty" },
	{ "mark only", "\xef\xbb\xbf", NULL, "'t.csv', line 1: the file is empty" },
	{ "too few", "a,b,c\n1,2,3\n4,5\n", NULL,
	  "'t.csv', line 3, column 'c': the value is missing" },
	{ "too many", "a,b\n1,2,3\n", NULL, "'t.csv', line 2: more values than the header has" },
	{ "blank line", "a,b\n\n", NULL, "'t.csv', line 2, column 'b': the value is missing" },
	{ "quote never closed", "a,b\n1,2\n3,\"x\ny\n", NULL,
	  "'t.csv', line 3, column 'b': the quote is never closed" },
	{ "text behind a quote", "a,b\n\"1\"x,2\n", NULL,
	  "'t.csv', line 2, column 'a': text behind the closing quote" },
	{ "quote inside", "a,b\n1,16\"\n", NULL,
	  "'t.csv', line 2, column 'b': a quote inside a value without quotes" },
	{ "latin 1", "a,b\n1,Zo\xeb\n", NULL,
	  "'t.csv', line 2, column 'b': a byte that is not UTF-8" },
	{ "overlong", "a\n\xc0\xaf\n", NULL,
	  "'t.csv', line 2, column 'a': a byte that is not UTF-8" },
	{ "cut character", "a\n\xe2\x82\n", NULL,
	  "'t.csv', line 2, column 'a': a byte that is not UTF-8" },
	{ "broken header", "a,\"b\n", NULL, "'t.csv', line 1: the quote is never closed" },
};

/* A file with this text: a path to remove. */
static char *
file_with(void *mem, const void *data, size_t n)
{
	char *path = mem_strdup(mem, "/tmp/bikeops-test-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, n), (ssize_t)n);
	close(fd);
	return path;
}

static struct err *
read_all(void *mem, const char *path, struct strbuf *out)
{
	const struct csv_record *r;
	struct csv *c;

	TRY(csv_open(mem, path, "t.csv", &c));
	for (;;) {
		TRY(csv_next(c, &r));
		if (!r)
			return NULL;
		strbuf_printf(out, "%lld:", r->line);
		for (size_t i = 0; i < r->n; i++)
			strbuf_printf(out, r->values[i].quoted ? "%s<%s>" : "%s%s", i ? "|" : "",
				      r->values[i].text);
		strbuf_char(out, ';');
	}
}

static void
test_read(void **state)
{
	const struct read_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	char *path = file_with(tmp, row->input, strlen(row->input));
	struct strbuf out;

	strbuf_init(&out, tmp, 4096);
	struct err *e = read_all(tmp, path, &out);
	unlink(path);
	if (row->error) {
		assert_non_null(e);
		assert_int_equal(e->code, ERR_DATA);
		assert_string_equal(e->msg, row->error);
	} else {
		assert_null(e);
		assert_string_equal(out.s, row->want);
	}
	err_free(e);
}

static void
test_nul(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	static const char data[] = "a,b\n1,x\0y\n";
	char *path = file_with(tmp, data, sizeof(data) - 1);
	struct strbuf out;

	(void)state;
	strbuf_init(&out, tmp, 4096);
	struct err *e = read_all(tmp, path, &out);
	unlink(path);
	assert_non_null(e);
	assert_string_equal(e->msg, "'t.csv', line 2, column 'b': a byte that is not UTF-8");
	err_free(e);
}

static void
test_too_long(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	size_t n = 2 << 20;
	char *data = mem_array(tmp, char, n);
	struct strbuf out;

	(void)state;
	memset(data, 'x', n);
	data[1] = '\n';
	char *path = file_with(tmp, data, n);
	strbuf_init(&out, tmp, 4096);
	struct err *e = read_all(tmp, path, &out);
	unlink(path);
	assert_non_null(e);
	assert_string_equal(e->msg, "'t.csv', line 2, column 'x': the record is over 1 MiB");
	err_free(e);
}

static void
test_no_file(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct csv *c;
	struct err *e = csv_open(tmp, "/nonexistent/t.csv", "t.csv", &c);

	(void)state;
	assert_non_null(e);
	assert_int_equal(e->code, ERR_NOTFOUND);
	assert_string_equal(e->msg, "cannot open '/nonexistent/t.csv'");
	err_free(e);
}

/* A disk that does not give the file's first bytes; a folder takes its place. */
static void
test_unreadable(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct csv *c = NULL;

	(void)state;
	struct err *e = csv_open(tmp, "/proc", "t.csv", &c);
	assert_int_equal(e->code, ERR_DATA);
	assert_string_equal(err_text(tmp, e), "cannot read 't.csv': Is a directory");
	err_free(e);
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, test_read, read_rows);
	UNIT(&u, test_nul);
	UNIT(&u, test_too_long);
	UNIT(&u, test_no_file);
	UNIT(&u, test_unreadable);
	return unit_run(&u, "csv");
}
