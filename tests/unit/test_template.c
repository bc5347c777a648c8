#include "pipeline/template.h"
#include "unit.h"

static const char *const script = "-- A dimension.\n"
				  "-- dim = dim_stores\n"
				  "-- id = store_id\n"
				  "-- column = name street\n"
				  "select 1 = 2\n"
				  "-- column = city\n"
				  "-- key = store_key staff_key\n"
				  "-- not a name\n";

static const struct fill {
	const char *name, *text, *want, *error;
} fills[] = {
	{ "nothing", "", "", NULL },
	{ "no names", "select 1\n;\n", "select 1\n;\n", NULL },
	{ "one value", "select {id} from {dim}", "select store_id from dim_stores", NULL },
	{ "a line for each value", "x\n\t{column} = c.{column},\ny\n",
	  "x\n\tname = c.name,\n\tstreet = c.street,\n\tcity = c.city,\ny\n", NULL },
	{ "one value beside many", "{dim}.{key}\n", "dim_stores.store_key\ndim_stores.staff_key\n",
	  NULL },
	{ "other braces", "'{1,2}' {} { id } {Id} {id", "'{1,2}' {} { id } {Id} {id", NULL },
	{ "last line without end", "a\n{key}", "a\nstore_keystaff_key", NULL },
	{ "unknown name", "a\n{ids}", NULL, "nothing is given for '{ids}'" },
	{ "two lengths", "{key} {column}", NULL, "lists of different length in '{key} {column}'" },
	{ "unknown after a list", "{key} {nil}", NULL, "nothing is given for '{nil}'" },
};

static void
test_fill(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct fill *row = *state;
	struct template t;
	char *got = NULL;

	assert_err(template_read(tmp, script, &t), NULL);
	assert_err(template_fill(tmp, row->text, &t, &got), row->error);
	assert_text(got, row->want);
}

static const struct get {
	const char *name, *want;
} gets[] = {
	{ "dim", "dim_stores" }, { "column", "name" }, { "di", NULL },
	{ "A", NULL },		 { "select", NULL },
};

static void
test_get(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct get *row = *state;
	struct template t;

	assert_err(template_read(tmp, script, &t), NULL);
	assert_text(template_get(&t, row->name), row->want);
}

static const struct bad {
	const char *name, *script, *error;
} bads[] = {
	{ "quote", "-- id = store_id'\n", "'store_id'' is no identifier" },
	{ "capital", "-- id = a Store\n", "'Store' is no identifier" },
	{ "list with commas", "-- id = a, b\n", "'a,' is no identifier" },
};

static void
test_bad_value(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct bad *row = *state;
	struct template t;

	assert_err(template_read(tmp, row->script, &t), row->error);
}

static void
test_set(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct template t = { 0 };
	char *got;

	(void)state;
	template_set(tmp, &t, "table", "stg_sales");
	assert_err(template_fill(tmp, "copy {table}", &t, &got), NULL);
	assert_text(got, "copy stg_sales");
	template_set(tmp, &t, "table", "stg_date");
	assert_err(template_fill(tmp, "{table};", &t, &got), NULL);
	assert_text(got, "stg_sales;stg_date;");
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, test_fill, fills);
	UNIT_ROWS(&u, test_get, gets);
	UNIT_ROWS(&u, test_bad_value, bads);
	UNIT(&u, test_set);
	return unit_run(&u, "template");
}
