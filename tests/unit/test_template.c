#include "pipeline/template.h"

#include "unit.h"

struct fill_row {
	const char *name;
	const char *names; /* the script that gives them */
	const char *text;
	const char *want;
	const char *error;
};

#define NAMES "-- id = customer_id\n-- attribute = city state zip_code\n-- type = int text text\n"

static const struct fill_row fill_rows[] = {
	{ "no text", NAMES, "", "", NULL },
	{ "no name", NAMES, "SELECT 1\n", "SELECT 1\n", NULL },
	{ "one value", NAMES, "SELECT {id}, {id} FROM t", "SELECT customer_id, customer_id FROM t",
	  NULL },
	{ "a line for each value", NAMES, "SELECT {id},\n\ts.{attribute},\n\tday\n",
	  "SELECT customer_id,\n\ts.city,\n\ts.state,\n\ts.zip_code,\n\tday\n", NULL },
	{ "last line without its end", NAMES, "({attribute})", "(city)(state)(zip_code)", NULL },
	{ "two lists side by side", NAMES, "{attribute} {type} {id}\n",
	  "city int customer_id\nstate text customer_id\nzip_code text customer_id\n", NULL },
	{ "a name given twice goes on", "-- a = x\n-- b = w\n-- a = y\n", "{a}{b}\n", "xw\nyw\n",
	  NULL },
	{ "other comments", "-- a name\n-- a == x\n--a = z\n-- a = y\nSELECT 1 -- a = w\n", "{a}\n",
	  "y\n", NULL },
	{ "comments without value", "-- a =\n-- a\n-- \n--\n-- a = y\n", "{a}", "y", NULL },
	{ "braces that are no name", NAMES, "{} { id} {Id} {id {x-y} }{",
	  "{} { id} {Id} {id {x-y} }{", NULL },
	{ "a part of a name", "-- ab = x\n-- a = y\n", "{a}{ab}", "yx", NULL },
	{ "unknown name", NAMES, "SELECT {ids}\n", NULL, "nothing is given for '{ids}'" },
	{ "lists that differ", NAMES "-- two = x y\n", "a\n{attribute} {two}\nb\n", NULL,
	  "lists of different length in '{attribute} {two}'" },
	{ "a value that is no identifier", "-- a = x;drop\n", "", NULL,
	  "'x;drop' is no identifier" },
	{ "a value with an upper case letter", "-- a = b X\n", "", NULL, "'X' is no identifier" },
};

static struct err *
fill(void *mem, const struct fill_row *row, char **out)
{
	struct template t;

	TRY(template_read(mem, row->names, &t));
	return template_fill(mem, row->text, &t, out);
}

static void
fills(void **state)
{
	const struct fill_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	char *out = NULL;
	struct err *e = fill(tmp, row, &out);

	if (e)
		assert_int_equal(e->code, ERR_CONFIG);
	assert_err(e, row->error);
	assert_text(out, row->want);
}

static void
sets_and_gets(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct template t;
	char *out;

	(void)state;
	assert_err(template_read(tmp, NAMES, &t), NULL);
	assert_text(template_get(&t, "entity"), NULL);
	template_set(tmp, &t, "entity", "customers");
	assert_text(template_get(&t, "entity"), "customers");
	assert_text(template_get(&t, "attribute"), "city");
	assert_err(template_fill(tmp, "before_{entity}", &t, &out), NULL);
	assert_string_equal(out, "before_customers");
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, fills, fill_rows);
	UNIT(&u, sets_and_gets);
	return unit_run(&u, "template");
}
