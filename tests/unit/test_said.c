#include "ui/said.h"
#include "unit.h"

#include <stdio.h>

static void
says_what_changes(void **state)
{
	struct said *said = said_new(NULL);

	(void)state;
	assert_true(said_changed(said, "ledger", "idle"));
	assert_false(said_changed(said, "ledger", "idle"));
	assert_true(said_changed(said, "ledger", "busy"));
	assert_true(said_changed(said, "run 1", "busy"));
	said_round(said);
	said_round(said);
	assert_false(said_changed(said, "ledger", "busy"));
	assert_false(said_changed(said, "run 1", "busy"));
	mem_free(said);
}

/* Runs follow runs: 200 runs of 40 things each, beside two that stay. */
static void
stays_small(void **state)
{
	struct said *said = said_new(NULL);
	size_t most = 0;

	(void)state;
	for (int run = 0; run < 200; run++) {
		assert_int_equal(said_changed(said, "ledger", "idle"), run == 0);
		for (int i = 0; i < 40; i++) {
			char name[64];

			snprintf(name, sizeof(name), "run %d task %d", run, i);
			assert_true(said_changed(said, name, "running"));
			assert_true(said_changed(said, name, "ok"));
			assert_false(said_changed(said, name, "ok"));
		}
		assert_int_equal(said_changed(said, "next", "nothing"), run == 0);
		said_round(said);
		most = talloc_total_blocks(said) > most ? talloc_total_blocks(said) : most;
	}
	assert_true(most < 1000);
	mem_free(said);
}

/* A round that is larger than what is kept is not said twice. */
static void
a_large_round(void **state)
{
	struct said *said = said_new(NULL);

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 1000; i++) {
			char name[64];

			snprintf(name, sizeof(name), "step %d", i);
			assert_int_equal(said_changed(said, name, "ok"), round == 0);
		}
		said_round(said);
	}
	mem_free(said);
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT(&u, says_what_changes);
	UNIT(&u, stays_small);
	UNIT(&u, a_large_round);
	return unit_run(&u, "said");
}
