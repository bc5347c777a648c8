#include "view/plan.h"

#include "base/mem.h"
#include "base/sql.h"
#include "run/run.h"
#include "source/source.h"
#include "warehouse/warehouse.h"

static struct rows *
plan_window(void *mem, const struct engine_wish *wish, enum batch_mode mode,
	    const struct watermark *wm, const struct source_window *w)
{
	static const char *const names[] = { "mode",	     "why",   "k",     "changes",
					     "dirty_orders", "since", "engine" };
	static const char *const modes[] = { "full", "incremental", "backfill" };
	struct rows *r = rows_new(mem, 7);
	bool full = mode == BATCH_FULL || w->must_full;
	const char *cells[] = { full ? modes[BATCH_FULL] : modes[mode],
				mode == BATCH_FULL ? NULL : w->must_full,
				mem_printf(mem, "%lld", wm->k + 1),
				full ? NULL : mem_printf(mem, "%lld", w->changes),
				full ? NULL : mem_printf(mem, "%lld", w->dirty_orders),
				wm->at,
				engine_plan(mem, wish) };

	for (size_t i = 0; i < 7; i++)
		rows_column(r, i, names[i], i >= 2 && i <= 4 ? ROWS_INT : ROWS_TEXT);
	rows_add(r, cells);
	return r;
}

/* Where each entity's rows go: its dimension, or the fact. */
static struct rows *
plan_rows(void *mem, const struct rows *expected)
{
	struct rows *r = rows_new(mem, 3);

	rows_column(r, 0, "entity", ROWS_TEXT);
	rows_column(r, 1, "rows", ROWS_INT);
	rows_column(r, 2, "table", ROWS_TEXT);
	for (size_t i = 0; i < expected->n; i++) {
		const char *entity = rows_get(expected, i, "entity");
		const char *dim = mem_printf(mem, "dim_%s", entity);
		const char *cells[] = { entity, rows_get(expected, i, "rows"),
					sql_find(mem_printf(mem, "publish/%s", dim))
						? dim
						: "fact_sales, dim_date" };

		rows_add(r, cells);
	}
	return r;
}

struct err *
plan_after(void *mem, const struct settings *settings, const struct watermark *wm,
	   enum batch_mode mode, const char *from, const char *to, struct plan *out)
{
	AUTO_MEM void *tmp = mem_root();
	const struct engine_wish wish = run_engine_wish(settings, NULL);
	struct source_window *window;
	struct source *s;

	TRY(batch_timezone(wm, settings_get(settings, "business_timezone")));
	TRY(source_open(tmp, settings, "bikeops_run", "bikeops plan", &s));
	TRY(source_look(mem, s, wm, mode, from, to, &window));
	out->window = plan_window(mem, &wish, mode, wm, window);
	out->rows = plan_rows(mem, window->expected);
	return NULL;
}

struct err *
plan_fetch(void *mem, const struct settings *settings, const struct engine_wish *wish,
	   enum batch_mode mode, const char *from, const char *to, struct plan *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct warehouse *w;
	struct watermark wm;

	TRY(warehouse_open(tmp, settings, "bikeops_run", "bikeops plan", &w));
	TRY(warehouse_watermark(tmp, w, &wm));
	TRY(plan_after(mem, settings, &wm, mode, from, to, out));
	rows_set(out->window, 0, "engine", engine_plan(tmp, wish));
	return NULL;
}
