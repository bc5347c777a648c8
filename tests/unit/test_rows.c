#include "base/rows.h"

#include "unit.h"

struct print_row {
	const char *name;
	void (*print)(const struct rows *r, struct strbuf *out);
	size_t n; /* of the sample's rows */
	const char *want;
};

static const char *const sample[][4] = {
	{ "Electra", "12", "t", "{\"a\":1}" },
	{ "a \"b\", c", "-3", "f", NULL },
	{ "", NULL, NULL, "[]" },
};

static const struct print_row print_rows[] = {
	{ "table", rows_table, 3,
	  "name       n  ok  detail\n"
	  "Electra   12  t   {\"a\":1}\n"
	  "a \"b\", c  -3  f   \n"
	  "                  []\n" },
	{ "table without rows", rows_table, 0, "name  n  ok  detail\n" },
	{ "csv", rows_csv, 3,
	  "name,n,ok,detail\n"
	  "Electra,12,t,\"{\"\"a\"\":1}\"\n"
	  "\"a \"\"b\"\", c\",-3,f,\n"
	  "\"\",,,[]\n" },
	{ "csv without rows", rows_csv, 0, "name,n,ok,detail\n" },
	{ "json", rows_json, 3,
	  "[\n{\"name\":\"Electra\",\"n\":12,\"ok\":true,\"detail\":{\"a\":1}},\n"
	  "{\"name\":\"a \\\"b\\\", c\",\"n\":-3,\"ok\":false,\"detail\":null},\n"
	  "{\"name\":\"\",\"n\":null,\"ok\":null,\"detail\":[]}\n]" },
	{ "json without rows", rows_json, 0, "[]" },
};

static struct rows *
sample_rows(void *mem, size_t n)
{
	struct rows *r = rows_new(mem, 4);

	rows_column(r, 0, "name", ROWS_TEXT);
	rows_column(r, 1, "n", ROWS_INT);
	rows_column(r, 2, "ok", ROWS_BOOL);
	rows_column(r, 3, "detail", ROWS_JSON);
	for (size_t i = 0; i < n; i++)
		rows_add(r, sample[i]);
	return r;
}

static void
prints(void **state)
{
	const struct print_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct strbuf sb;

	strbuf_init(&sb, tmp, 10000);
	row->print(sample_rows(tmp, row->n), &sb);
	assert_string_equal(sb.s, row->want);
}

/* PostgreSQL's numeric has values that JSON has no word for. */
static void
not_a_number(void **state)
{
	static const char *const values[] = { "NaN", "Infinity", "-Infinity", "-0.50" };
	AUTO_MEM void *tmp = mem_root();
	struct rows *r = rows_new(tmp, 1);
	struct strbuf sb;

	(void)state;
	rows_column(r, 0, "n", ROWS_NUMBER);
	for (size_t i = 0; i < 4; i++)
		rows_add(r, &values[i]);
	strbuf_init(&sb, tmp, 1000);
	rows_json(r, &sb);
	assert_string_equal(sb.s,
			    "[\n{\"n\":null},\n{\"n\":null},\n{\"n\":null},\n{\"n\":-0.50}\n]");
}

static void
reads(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r = sample_rows(tmp, 3);

	(void)state;
	assert_int_equal(r->n, 3);
	assert_string_equal(rows_get(r, 0, "name"), "Electra");
	assert_string_equal(rows_cell(r, 1, 1), "-3");
	assert_null(rows_get(r, 1, "detail"));
	assert_int_equal(rows_int(r, 0, "n"), 12);
	assert_int_equal(rows_int(r, 1, "n"), -3);
	assert_int_equal(rows_int(r, 2, "n"), 0);
	assert_true(rows_bool(r, 0, "ok"));
	assert_false(rows_bool(r, 1, "ok"));
	assert_false(rows_bool(r, 2, "ok"));
}

static void
sets(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r = sample_rows(tmp, 2);

	(void)state;
	rows_set(r, 0, "n", "13");
	rows_set(r, 1, "name", NULL);
	assert_string_equal(rows_cell(r, 0, 1), "13");
	assert_null(rows_cell(r, 1, 0));
	assert_string_equal(rows_cell(r, 1, 1), "-3");
}

static void
grows(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r = rows_new(tmp, 1);

	(void)state;
	rows_column(r, 0, "n", ROWS_INT);
	for (int i = 0; i < 1000; i++) {
		const char *cells[] = { mem_printf(tmp, "%d", i) };

		rows_add(r, cells);
	}
	assert_int_equal(r->n, 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(rows_int(r, i, "n"), i);
}

static void
line_ends_and_numbers(void **state)
{
	static const char *const cells[] = { "a\r\nb" };
	AUTO_MEM void *tmp = mem_root();
	struct rows *r = rows_new(tmp, 1);
	struct strbuf sb;

	(void)state;
	rows_column(r, 0, "n", ROWS_NUMBER);
	rows_add(r, cells);
	strbuf_init(&sb, tmp, 100);
	rows_csv(r, &sb);
	assert_string_equal(sb.s, "n\n\"a\r\nb\"\n");
	strbuf_reset(&sb);
	rows_set(r, 0, "n", "12.50");
	rows_column(r, 0, "price", ROWS_NUMBER);
	rows_table(r, &sb);
	assert_string_equal(sb.s, "price\n12.50\n");
	rows_set(r, 0, "price", "2.5");
	strbuf_reset(&sb);
	rows_table(r, &sb);
	assert_string_equal(sb.s, "price\n  2.5\n");
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, prints, print_rows);
	UNIT(&u, not_a_number);
	UNIT(&u, reads);
	UNIT(&u, sets);
	UNIT(&u, grows);
	UNIT(&u, line_ends_and_numbers);
	return unit_run(&u, "rows");
}
