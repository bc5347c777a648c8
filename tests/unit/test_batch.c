#include "pipeline/batch.h"

#include "unit.h"

struct timezone_row {
	const char *name;
	const char *loaded;
	const char *set;
	const char *error;
};

static const struct timezone_row timezone_rows[] = {
	{ "nothing loaded yet", NULL, "UTC", NULL },
	{ "the same", "America/New_York", "America/New_York", NULL },
	{ "another", "UTC", "America/New_York",
	  "business_timezone is 'America/New_York', but what is loaded is cut at the midnights of "
	  "'UTC'" },
};

static void
timezones(void **state)
{
	const struct timezone_row *row = *state;
	struct watermark wm = { .k = 1, .business_timezone = row->loaded };
	struct err *e = batch_timezone(&wm, row->set);

	if (e) {
		assert_int_equal(e->code, ERR_REFUSED);
		assert_text(err_hint_of(e), "set it back, or begin anew with "
					    "'bikeops setup --recreate --dataset DIR'");
	}
	assert_err(e, row->error);
}

static void
files_of_an_entity(void **state)
{
	struct batch_file files[] = {
		{ .entity = "orders", .key = "o1", .rows = 5, .bytes = 50 },
		{ .entity = "stores", .key = "s", .rows = 1, .bytes = 10 },
		{ .entity = "orders", .key = "o2", .bytes = 20 },
	};
	struct batch b = { .files = files, .n_files = 3 };

	(void)state;
	assert_ptr_equal(batch_next(&b, "orders", NULL), &files[0]);
	assert_ptr_equal(batch_next(&b, "orders", &files[0]), &files[2]);
	assert_null(batch_next(&b, "orders", &files[2]));
	assert_null(batch_next(&b, "staffs", NULL));
	assert_int_equal(batch_rows(&b, "orders"), 5);
	assert_int_equal(batch_bytes(&b, "orders"), 70);
	assert_int_equal(batch_rows(&b, "staffs"), 0);
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, timezones, timezone_rows);
	UNIT(&u, files_of_an_entity);
	return unit_run(&u, "batch");
}
