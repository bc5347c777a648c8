#include "pipeline/engine.h"

#include "base/mem.h"

#include <string.h>

#define MIB (1LL << 20)

const char *const engine_names[] = { [ENGINE_DUCKDB] = "duckdb", [ENGINE_EMR] = "emr" };

/* Without an application auto never means EMR. */
static bool
wish_may_emr(const struct engine_wish *w)
{
	return !strcmp(w->engine, "emr") || (!strcmp(w->engine, "auto") && *w->application);
}

static struct err *
wish_check(const struct engine_wish *w)
{
	if (!*w->application)
		return err_hint(err_new(ERR_CONFIG, "engine emr has no application"),
				"set emr_application to an id, persistent or ephemeral, or say "
				"'--engine duckdb'");
	if (!w->s3)
		return err_hint(err_new(ERR_CONFIG, "engine emr cannot reach a lake of folders"),
				"set lake = s3 and its buckets, or engine = duckdb");
	if (!*w->role_arn)
		return err_hint(err_new(ERR_CONFIG, "engine emr has no role for its jobs"),
				"set emr_role_arn to the role that reads and writes the buckets");
	return NULL;
}

struct err *
engine_choose(const struct engine_wish *wish, long long raw_bytes, enum engine_kind *out)
{
	*out = ENGINE_DUCKDB;
	if (!wish_may_emr(wish))
		return NULL;
	TRY(wish_check(wish));
	if (!strcmp(wish->engine, "emr") || raw_bytes > wish->max_mib * MIB)
		*out = ENGINE_EMR;
	return NULL;
}

char *
engine_plan(void *mem, const struct engine_wish *wish)
{
	if (!wish_may_emr(wish))
		return mem_strdup(mem, "duckdb");
	if (!strcmp(wish->engine, "emr"))
		return mem_strdup(mem, "emr");
	return mem_printf(mem, "duckdb up to %lld MiB, else emr", wish->max_mib);
}
