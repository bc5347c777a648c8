#include "base/log.h"
#include "base/mem.h"
#include "run/run.h"

#include <malloc.h>
#include <stdarg.h>
#include <string.h>

#define RUN_ROLE "bikeops_run"

static bool
run_is_setup(const struct run *run)
{
	return !strcmp(run->request.mode, "setup");
}

/* Setup makes the roles, so it cannot act as one of them. */
static const char *
run_role(const struct run *run)
{
	return run_is_setup(run) ? NULL : RUN_ROLE;
}

static char *
run_app(void *mem, const struct run *run)
{
	return mem_printf(mem, "bikeops run %lld", run->id);
}

struct err *
run_ledger_ready(struct run *run)
{
	struct ledger *l;

	if (ledger_answers(run->ledger))
		return NULL;
	TRY(ledger_open(run, run->settings, true, &l));
	mem_free(run->ledger);
	run->ledger = l;
	return NULL;
}

struct err *
run_lake(struct run *run, struct lake **out)
{
	if (!run->lake)
		TRY(lake_open(run, run->settings, &run->lake));
	*out = run->lake;
	return NULL;
}

struct err *
run_source(struct run *run, struct source **out)
{
	AUTO_MEM void *tmp = mem_root();

	if (!run->source)
		TRY(source_open(run, run->settings, run_role(run), run_app(tmp, run),
				&run->source));
	*out = run->source;
	return NULL;
}

struct err *
run_warehouse(struct run *run, struct warehouse **out)
{
	AUTO_MEM void *tmp = mem_root();

	if (!run->warehouse)
		TRY(warehouse_open(run, run->settings, run_role(run), run_app(tmp, run),
				   &run->warehouse));
	*out = run->warehouse;
	return NULL;
}

struct engine_wish
run_engine_wish(const struct settings *settings, const char *engine)
{
	return (struct engine_wish){
		.engine = engine ? engine : settings_get(settings, "engine"),
		.application = settings_get(settings, "emr_application"),
		.role_arn = settings_get(settings, "emr_role_arn"),
		.s3 = !strcmp(settings_get(settings, "lake"), "s3"),
		.max_mib = settings_int(settings, "duckdb_max_mib"),
	};
}

struct err *
run_engine(struct run *run, struct engine **out)
{
	const char *library = settings_get(run->settings, "duckdb_library");
	struct engine_config config = { .library = *library ? library : NULL };
	struct lake *lake;

	if (!run->engine) {
		TRY(run_lake(run, &lake));
		TRY(engine_open_duckdb(run, &config, lake, &run->engine));
	}
	*out = run->engine;
	return NULL;
}

void
run_drop_engine(struct run *run)
{
	mem_free(run->engine);
	run->engine = NULL;
	malloc_trim(0); /* hundreds of MiB that nobody needs while publish waits for locks */
}

void
run_drop_parts(struct run *run)
{
	mem_free(run->source);
	mem_free(run->warehouse);
	run->source = NULL;
	run->warehouse = NULL;
}

char *
run_warehouse_name(void *mem, const struct settings *settings)
{
	return settings_redact(mem, settings_get(settings, "warehouse_dsn"));
}

struct err *
run_note(struct run *run, const char *fmt, ...)
{
	AUTO_MEM void *tmp = mem_root();
	va_list ap;

	va_start(ap, fmt);
	char *text = mem_check(talloc_vasprintf(tmp, fmt, ap));
	va_end(ap);
	log_info("%s", text);
	return ledger_run_set(run->ledger, run->id, "note", text);
}
