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

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, timezones, timezone_rows);
	return unit_run(&u, "batch");
}
