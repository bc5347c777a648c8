#include "base/log.h"
#include "base/mem.h"
#include "run/heart.h"
#include "run/layers.h"
#include "run/manifest.h"
#include "run/run.h"
#include "run/spark.h"

static bool
transform_due(const struct run *run)
{
	return !run->staging && !run->published;
}

static struct err *
with_duckdb(struct run *run, struct lake *lake)
{
	struct engine *engine;

	run->batch->attempt = run->attempt;
	TRY(run_engine(run, &engine));
	TRY(engine_transform(run, engine, run->batch, &run->staging, heart_progress(run->heart)));
	return staging_write(lake, run->batch, run->staging);
}

/* No second Spark job is started beside one; DuckDB's tables are as good beside it. */
static struct err *
end_left(struct run *run, enum engine_kind kind)
{
	AUTO_MEM void *tmp = mem_root();
	struct err *e = spark_end_left(run);

	if (!e || kind == ENGINE_EMR || e->code == ERR_CANCELLED)
		return e;
	const char *hint = err_hint_of(e);
	log_warn("%s%s%s", err_text(tmp, e), hint ? "; " : "", hint ? hint : "");
	err_free(e);
	return NULL;
}

static struct err *
transform(struct run *run)
{
	const struct engine_wish wish = run_engine_wish(run->settings, run->request.engine);
	enum engine_kind kind;
	struct lake *lake;
	long long bytes = 0;

	for (size_t i = 0; i < run->batch->n_files; i++)
		bytes += run->batch->files[i].bytes;
	TRY(engine_choose(&wish, bytes, &kind));
	TRY(run_lake(run, &lake));
	TRY(ledger_run_set(run->ledger, run->id, "engine", engine_names[kind]));
	TRY(end_left(run, kind));
	TRY(kind == ENGINE_EMR ? spark_transform(run, lake) : with_duckdb(run, lake));
	return layers_staged(run, "processed");
}

const struct task task_transform = {
	.name = "transform",
	.tries = 3,
	.due = transform_due,
	.work = transform,
};
