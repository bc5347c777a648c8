#include "base/log.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/time.h"
#include "run/heart.h"
#include "run/manifest.h"
#include "run/run.h"

#include <string.h>

/* Books that an earlier run published and could not tell the ledger. */
static struct err *
copy_missing_books(struct run *run, struct warehouse *w, const struct watermark *wm)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *books;
	bool have;

	if (!wm->k)
		return NULL;
	TRY(ledger_books_have(run->ledger, run->warehouse_name, wm->run, &have));
	if (have)
		return NULL;
	TRY(warehouse_books(tmp, w, 0, &books));
	return ledger_books_put(run->ledger, run->warehouse_name, books);
}

/* --- an earlier attempt wrote its manifest: go on from there --- */

static struct err *
go_on(struct run *run, const struct watermark *wm)
{
	struct lake *lake;

	TRY(run_lake(run, &lake));
	TRY(manifest_read(run, lake, run->manifest, &run->batch));
	const struct batch *b = run->batch;
	run->published = wm->k == b->next.k && wm->run == run->id;
	if (run->published) { /* its forerunner died before it could tell */
		TRY(ledger_run_set(run->ledger, run->id, "k", mem_printf(run, "%lld", b->next.k)));
		return run_note(run, "batch %lld was already published", b->next.k);
	}
	if (wm->k != b->prev.k)
		return err_hint(err_new(ERR_REFUSED,
					"run %lld cannot go on: run %lld has published "
					"batch %lld since",
					run->id, wm->run, wm->k),
				"'bikeops run incremental' takes what is still to load");
	struct err *e = staging_read(run, lake, b, &run->staging);
	if (e && e->code == ERR_NOTFOUND) { /* not transformed whole: again, beside it */
		err_free(e);
		e = NULL;
		run->batch->attempt = run->attempt;
	}
	return e;
}

/* --- a new window --- */

static enum batch_mode
mode_of(const struct run *run)
{
	const char *mode = run->request.mode;

	return !strcmp(mode, "full")	   ? BATCH_FULL
	       : !strcmp(mode, "backfill") ? BATCH_BACKFILL
					   : BATCH_INCREMENTAL;
}

static struct err *
become_full(struct run *run, const char *why)
{
	if (run->request.no_full)
		return err_hint(err_new(ERR_REFUSED, "this must be a full load: %s", why),
				"leave out --no-full, or use 'bikeops run full'");
	TRY(ledger_run_set(run->ledger, run->id, "mode", "full"));
	return run_note(run, "a full load: %s", why);
}

static struct err *
new_batch(struct run *run, const struct watermark *wm, enum batch_mode mode)
{
	long long now = time_now_us();
	struct batch *b = mem_new(run, struct batch);
	char *mark;

	TRY(ledger_mark(b, run->ledger, &mark));
	b->run = run->id;
	b->attempt = run->attempt;
	b->mode = mode;
	b->prefix = mem_printf(b, "%s/%lld-%s", time_path(b, now), run->id, mark);
	b->prev = *wm;
	b->next.k = wm->k + 1;
	b->next.run = run->id;
	b->next.business_timezone = settings_get(run->settings, "business_timezone");
	b->from = mode == BATCH_BACKFILL ? run->request.from : NULL;
	b->to = mode == BATCH_BACKFILL ? run->request.to : NULL;
	b->program = BIKEOPS_VERSION;
	b->sql_hash = sql_hash(b);
	run->batch = b;
	return ledger_run_set(run->ledger, run->id, "prefix", b->prefix);
}

/* What is missing for it is said before anything is read. */
static struct err *
tell_engine(struct run *run)
{
	const struct engine_wish wish = run_engine_wish(run->settings, run->request.engine);
	enum engine_kind kind;

	TRY(engine_choose(&wish, 0, &kind));
	if (kind != ENGINE_EMR)
		return NULL;
	return ledger_run_set(run->ledger, run->id, "engine", engine_names[kind]);
}

static struct err *
decide(struct run *run, const struct watermark *wm)
{
	enum batch_mode mode = mode_of(run);
	struct source_window *window;
	struct source *source;

	TRY(run_source(run, &source));
	TRY(source_look(run, source, wm, mode, run->request.from, run->request.to, &window));
	for (size_t i = 0; i < window->expected->n; i++)
		heart_expect(run->heart,
			     mem_printf(run, "extract.%s", rows_get(window->expected, i, "entity")),
			     rows_int(window->expected, i, "rows"));
	if (window->oldest_xact)
		log_info("oldest open transaction at the source: %s", window->oldest_xact);
	if (window->must_full && mode != BATCH_FULL) {
		TRY(become_full(run, window->must_full));
		mode = BATCH_FULL;
	}
	TRY(tell_engine(run));
	if (mode == BATCH_INCREMENTAL && !window->changes) {
		run->nothing = true;
		return run_note(run, "nothing changed since batch %lld", wm->k);
	}
	return new_batch(run, wm, mode);
}

static struct err *
open_window(struct run *run)
{
	struct warehouse *w;
	struct watermark wm;

	TRY(run_warehouse(run, &w));
	TRY(warehouse_watermark(run, w, &wm));
	TRY(batch_timezone(&wm, settings_get(run->settings, "business_timezone")));
	TRY(copy_missing_books(run, w, &wm));
	TRY(run->manifest ? go_on(run, &wm) : decide(run, &wm));
	if (run->batch)
		run->batch->max_reject_percent = settings_int(run->settings, "max_reject_percent");
	return NULL;
}

const struct task task_open_window = {
	.name = "open_window",
	.tries = 3,
	.work = open_window,
};
