#include "local/generate.h"

#include "base/digest.h"
#include "local/csvfile.h"
#include "local/files.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/bikeops-test-XXXXXX";

enum { BRANDS, CATEGORIES, PRODUCTS, STORES, STAFFS, STOCKS, CUSTOMERS, ORDERS, ITEMS };

static const char *
path_of(void *mem, const char *set, const char *file)
{
	return mem_printf(mem, "%s/%s/%s", dir, set, file);
}

static struct err *
make(const char *set, int scale, uint64_t seed, enum generate_broken broken,
     struct generate_done *done)
{
	AUTO_MEM void *tmp = mem_root();
	struct generate_plan plan = { scale, seed, mem_printf(tmp, "%s/%s", dir, set), broken };

	return generate(&plan, NULL, done);
}

static char *
whole(void *mem, const char *set, const char *file)
{
	FILE *f = fopen(path_of(mem, set, file), "re");
	char *text = mem_array(mem, char, 1 << 20);

	assert_non_null(f);
	text[fread(text, 1, (1 << 20) - 1, f)] = '\0';
	fclose(f);
	return text;
}

/* Lines of a that differ from the same line of b; -1 where their number differs. */
static int
lines_that_differ(const char *a, const char *b)
{
	int n = 0;

	for (; *a && *b; a += strcspn(a, "\n") + 1, b += strcspn(b, "\n") + 1)
		n += strcspn(a, "\n") != strcspn(b, "\n") || strncmp(a, b, strcspn(a, "\n")) != 0;
	return *a || *b ? -1 : n;
}

/* The first line of b that differs from the same line of a. */
static const char *
first_that_differs(const char *a, const char *b)
{
	while (*b && strncmp(a, b, strcspn(b, "\n") + 1) == 0) {
		a += strcspn(a, "\n") + 1;
		b += strcspn(b, "\n") + 1;
	}
	return b;
}

/* Cell number col of a line without quotes, as a number. */
static long
number_at(const char *line, int col)
{
	while (col-- > 0)
		line += strcspn(line, ",") + 1;
	return strtol(line, NULL, 10);
}

static const char *
next_line(const char *line)
{
	return line + strcspn(line, "\n") + 1;
}

struct count_row {
	const char *name;
	int scale;
	uint64_t seed;
	long long rows[ITEMS]; /* all but the lines */
};

static const struct count_row count_rows[] = {
	{ "as it is", 1, 1, { 9, 7, 321, 3, 10, 939, 1445, 1615 } },
	{ "another seed", 1, 4000000000, { 9, 7, 321, 3, 10, 939, 1445, 1615 } },
	{ "three times", 3, 1, { 9, 7, 321, 3, 10, 939, 4335, 4845 } },
};

static void
counts(void **state)
{
	const struct count_row *row = *state;
	struct generate_done done;

	assert_err(make("counts", row->scale, row->seed, GENERATE_SOUND, &done), NULL);
	for (int i = 0; i < ITEMS; i++)
		assert_int_equal(done.rows[i], row->rows[i]);
	assert_in_range(done.rows[ITEMS], 4600 * row->scale, 4850 * row->scale);
	assert_null(done.fault);
}

/* What a scale-1 set is made of, in one number: changes when any byte of it does. */
static void
same_bytes_everywhere(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct digest *d = digest_new(tmp);
	struct generate_done done;
	char hex[DIGEST_HEX];

	(void)state;
	assert_err(make("golden", 1, 1, GENERATE_SOUND, &done), NULL);
	for (int i = 0; i < GENERATE_FILES; i++) {
		const char *text = whole(tmp, "golden", done.names[i]);

		assert_int_equal(strlen(text), done.bytes[i]);
		digest_update(d, text, strlen(text));
	}
	digest_hex(d, hex);
	assert_string_equal(hex,
			    "891a859dba2e82d0415337fc55a3c23019f170d038792c8863a16ba0e2ed85e8");
}

static void
seeds_differ(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct generate_done done;

	(void)state;
	assert_err(make("one", 1, 1, GENERATE_SOUND, &done), NULL);
	assert_err(make("two", 1, 2, GENERATE_SOUND, &done), NULL);
	assert_err(make("three", 2, 1, GENERATE_SOUND, &done), NULL);
	assert_string_not_equal(whole(tmp, "one", "customers.csv"),
				whole(tmp, "two", "customers.csv"));
	assert_string_not_equal(whole(tmp, "one", "orders.csv"), whole(tmp, "two", "orders.csv"));
	assert_string_equal(whole(tmp, "one", "products.csv"), whole(tmp, "three", "products.csv"));
}

static void
everybody_orders(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	bool *orders = mem_array(tmp, bool, 1445 * 2 + 1);
	struct generate_done done;
	long id = 0;

	(void)state;
	assert_err(make("all", 2, 5, GENERATE_SOUND, &done), NULL);
	for (const char *line = next_line(whole(tmp, "all", "orders.csv")); *line;
	     line = next_line(line)) {
		assert_int_equal(number_at(line, 0), ++id);
		assert_in_range(number_at(line, 1), 1, 1445 * 2);
		assert_in_range(number_at(line, 2), 1, 4);
		assert_in_range(number_at(line, 3), 2016, 2018);
		assert_int_equal(number_at(line, 2) == 4, number_at(line, 5) > 0);
		assert_in_range(number_at(line, 6), 1, 3);
		orders[number_at(line, 1)] = true;
	}
	for (int customer = 1; customer <= 1445 * 2; customer++)
		assert_true(orders[customer]);
}

static void
every_order_has_lines(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct generate_done done;
	long order = 0, item = 0;

	(void)state;
	assert_err(make("lines", 1, 5, GENERATE_SOUND, &done), NULL);
	for (const char *line = next_line(whole(tmp, "lines", "order_items.csv")); *line;
	     line = next_line(line)) {
		item = number_at(line, 0) == order ? item + 1 : 1;
		order += item == 1;
		assert_int_equal(number_at(line, 0), order);
		assert_int_equal(number_at(line, 1), item);
		assert_in_range(number_at(line, 2), 1, 321);
		assert_in_range(number_at(line, 3), 1, 2);
	}
	assert_int_equal(order, 1615);
}

struct fault_row {
	const char *name;
	uint64_t seed;
	const char *want;
	const char *file;
	int lines; /* that differ */
};

static const struct fault_row fault_rows[] = {
	{ "column", 0, "customers.csv: no column email", "customers.csv", 1446 },
	{ "type", 1, "order_items.csv: a quantity in words, order 7", "order_items.csv", 1 },
	{ "quote", 2, "products.csv: a quote that does not end, product 7", "products.csv", 1 },
	{ "key", 3, "orders.csv: a customer that is not there, order 7", "orders.csv", 1 },
	{ "empty", 4, "stocks.csv: empty", "stocks.csv", -1 },
	{ "utf-8", 5, "customers.csv: a name that is not UTF-8, customer 7", "customers.csv", 1 },
	{ "again", 6, "customers.csv: no column email", "customers.csv", 1446 },
};

static void
broken_files(void **state)
{
	const struct fault_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct generate_done done;

	assert_err(make("sound", 1, row->seed, GENERATE_SOUND, &done), NULL);
	assert_err(make("broken", 1, row->seed, GENERATE_BROKEN_FILES, &done), NULL);
	assert_text(done.fault, row->want);
	for (int i = 0; i < GENERATE_FILES; i++) {
		bool is_it = strcmp(done.names[i], row->file) == 0;

		assert_int_equal(lines_that_differ(whole(tmp, "sound", done.names[i]),
						   whole(tmp, "broken", done.names[i])),
				 is_it ? row->lines : 0);
		if (is_it && row->lines == 1)
			assert_int_equal(
				number_at(first_that_differs(whole(tmp, "sound", row->file),
							     whole(tmp, "broken", row->file)),
					  0),
				7);
	}
}

static void
broken_rows(void **state)
{
	static const int want[GENERATE_FILES] = { [CUSTOMERS] = 10, [ORDERS] = 8, [ITEMS] = 12 };
	AUTO_MEM void *tmp = mem_root();
	struct generate_done done;

	(void)state;
	for (int scale = 1; scale <= 2; scale++) {
		assert_err(make("sound", scale, 3, GENERATE_SOUND, &done), NULL);
		assert_err(make("broken", scale, 3, GENERATE_BROKEN_ROWS, &done), NULL);
		for (int i = 0; i < GENERATE_FILES; i++)
			assert_int_equal(lines_that_differ(whole(tmp, "sound", done.names[i]),
							   whole(tmp, "broken", done.names[i])),
					 want[i]);
	}
	assert_null(done.fault);
}

static void
touch(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	close(fd);
}

static void
refuses_what_is_not_its_own(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct generate_done done;

	(void)state;
	assert_err(make("mine", 1, 1, GENERATE_SOUND, &done), NULL);
	touch(path_of(tmp, "mine", ".orders.csv.new"));
	assert_err(make("mine", 1, 1, GENERATE_SOUND, &done), NULL);
	touch(path_of(tmp, "mine", "orders.csv.old"));
	assert_err(make("mine", 1, 1, GENERATE_SOUND, &done),
		   mem_printf(tmp,
			      "'%s/mine' holds 'orders.csv.old', which is no file of a data set",
			      dir));
	assert_err(make("none/below", 1, 1, GENERATE_SOUND, &done),
		   mem_printf(tmp, "cannot make '%s/none/below': No such file or directory", dir));
}

struct cell_row {
	const char *name;
	char kind; /* t, c or d */
	const char *text;
	long long number;
	const char *want;
};

static const struct cell_row cell_rows[] = {
	{ "plain", 't', "a b ", 0, "a b " },
	{ "null", 't', NULL, 0, "NULL" },
	{ "empty", 't', "", 0, "" },
	{ "quotes", 't', "16\" x", 0, "\"16\"\" x\"" },
	{ "comma", 't', "a,b", 0, "\"a,b\"" },
	{ "whole dollars", 'c', NULL, 154900, "1549" },
	{ "cents", 'c', NULL, 59999, "599.99" },
	{ "few cents", 'c', NULL, 5, "0.05" },
	{ "dimes", 'c', NULL, 20, "0.2" },
	{ "nothing", 'c', NULL, 0, "0" },
	{ "the first day", 'd', NULL, 0, "1970-01-01" },
	{ "no day", 'd', NULL, -1, "NULL" },
	{ "a leap day", 'd', NULL, 16860, "2016-02-29" },
	{ "the day after", 'd', NULL, 16861, "2016-03-01" },
	{ "new year's eve", 'd', NULL, 17896, "2018-12-31" },
	{ "no leap year", 'd', NULL, 47540, "2100-02-28" },
	{ "the day after that", 'd', NULL, 47541, "2100-03-01" },
	{ "far", 'd', NULL, 90785, "2218-07-25" },
};

static void
cells(void **state)
{
	const struct cell_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct csvfile *f;

	assert_err(csvfile_new(tmp, dir, "cell.csv", "x,y", &f), NULL);
	csv_int(f, 0);
	if (row->kind == 't')
		csv_text(f, row->text);
	else if (row->kind == 'c')
		csv_cents(f, row->number);
	else
		csv_day(f, (int)row->number);
	csv_end(f);
	assert_int_equal(csvfile_rows(f), 1);
	assert_err(csvfile_finish(f), NULL);
	assert_int_not_equal(access(path_of(tmp, ".", "cell.csv"), F_OK), 0);
	assert_err(csvfile_commit(f), NULL);
	assert_string_equal(whole(tmp, ".", "cell.csv"), mem_printf(tmp, "x,y\n0,%s\n", row->want));
	unlink(path_of(tmp, ".", "cell.csv"));
}

static void
given_up(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct csvfile *f;

	(void)state;
	assert_err(csvfile_new(tmp, dir, "up.csv", "x", &f), NULL);
	assert_int_equal(access(path_of(tmp, ".", ".up.csv.new"), F_OK), 0);
	mem_free(f);
	assert_int_not_equal(access(path_of(tmp, ".", ".up.csv.new"), F_OK), 0);
	assert_int_not_equal(access(path_of(tmp, ".", "up.csv"), F_OK), 0);
}

/* A link that somebody put in place of the new file is not followed. */
static void
not_through_a_link(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct csvfile *f;

	(void)state;
	assert_int_equal(symlink("/dev/null", path_of(tmp, ".", ".link.csv.new")), 0);
	assert_err(csvfile_new(tmp, dir, "link.csv", "x", &f),
		   mem_printf(tmp,
			      "cannot write '%s/.link.csv.new': Too many levels of symbolic links",
			      dir));
	unlink(path_of(tmp, ".", ".link.csv.new"));
}

int
main(void)
{
	struct unit u = { 0 };

	if (!mkdtemp(dir))
		return 1;
	UNIT_ROWS(&u, counts, count_rows);
	UNIT(&u, same_bytes_everywhere);
	UNIT(&u, seeds_differ);
	UNIT(&u, everybody_orders);
	UNIT(&u, every_order_has_lines);
	UNIT_ROWS(&u, broken_files, fault_rows);
	UNIT(&u, broken_rows);
	UNIT(&u, refuses_what_is_not_its_own);
	UNIT_ROWS(&u, cells, cell_rows);
	UNIT(&u, given_up);
	UNIT(&u, not_through_a_link);
	int failed = unit_run(&u, "generate");
	struct err *e = tree_remove(dir);
	if (e)
		failed = 1;
	err_free(e);
	return failed;
}
