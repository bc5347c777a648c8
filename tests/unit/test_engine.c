#include "pipeline/engine.h"

#include "unit.h"

#define MIB (1LL << 20)

struct choice {
	const char *name;
	const char *engine, *application, *role;
	bool s3;
	long long bytes;
	enum engine_kind want;
	const char *plan;
	const char *error;
};

static const char no_application[] = "engine emr has no application";
static const char no_s3[] = "engine emr cannot reach a lake of folders";
static const char no_role[] = "engine emr has no role for its jobs";

static const struct choice choices[] = {
	{ "auto without an application, big", "auto", "", "", false, 900 * MIB, ENGINE_DUCKDB,
	  "duckdb", NULL },
	{ "auto, as much as may be", "auto", "00f1", "arn", true, 512 * MIB, ENGINE_DUCKDB,
	  "duckdb up to 512 MiB, else emr", NULL },
	{ "auto, a byte more", "auto", "00f1", "arn", true, 512 * MIB + 1, ENGINE_EMR,
	  "duckdb up to 512 MiB, else emr", NULL },
	{ "auto, small, but folders", "auto", "00f1", "arn", false, 1, ENGINE_DUCKDB,
	  "duckdb up to 512 MiB, else emr", no_s3 },
	{ "duckdb at any size", "duckdb", "00f1", "", false, 900 * MIB, ENGINE_DUCKDB, "duckdb",
	  NULL },
	{ "emr at any size", "emr", "persistent", "arn", true, 0, ENGINE_EMR, "emr", NULL },
	{ "emr without an application", "emr", "", "arn", true, 0, ENGINE_EMR, "emr",
	  no_application },
	{ "emr without S3", "emr", "00f1", "arn", false, 0, ENGINE_EMR, "emr", no_s3 },
	{ "emr without a role", "emr", "00f1", "", true, 0, ENGINE_EMR, "emr", no_role },
};

static void
chooses(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct choice *row = *state;
	const struct engine_wish wish = { .engine = row->engine,
					  .application = row->application,
					  .role_arn = row->role,
					  .s3 = row->s3,
					  .max_mib = 512 };
	enum engine_kind kind = ENGINE_DUCKDB;

	assert_err(engine_choose(&wish, row->bytes, &kind), row->error);
	if (!row->error)
		assert_string_equal(engine_names[kind], engine_names[row->want]);
	assert_string_equal(engine_plan(tmp, &wish), row->plan);
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, chooses, choices);
	return unit_run(&u, "engine");
}
