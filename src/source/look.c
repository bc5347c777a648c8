#include "base/mem.h"
#include "base/sql.h"
#include "source/guard.h"

struct look {
	void *mem;
	const struct watermark *prev;
	enum batch_mode mode;
	const char *from, *to;
	struct source_window *window;
};

static struct err *
look_job(struct source *s, void *arg)
{
	struct look *l = arg;
	struct source_window *w = l->window;
	const char *zone = guard_timezone(l->prev);
	struct guard g;
	struct rows *r;

	TRY(source_settings(s->pg, false, guard_snapshot(l->prev), zone, l->from, l->to, "{}"));
	TRY(guard_window(l->mem, s->pg, l->prev, &g));
	w->snapshot = g.s;
	w->epoch = g.epoch;
	w->must_full = g.must_full;
	if (g.must_full || l->mode == BATCH_FULL)
		TRY(source_settings(s->pg, true, g.must_full ? "" : guard_snapshot(l->prev), zone,
				    "", "", "{}"));
	TRY(pg_query(l->mem, s->pg, sql_text("window/changes"), NULL, 0, &r));
	w->changes = rows_int(r, 0, "changes");
	w->dirty_orders = rows_int(r, 0, "dirty_orders");
	w->oldest_xact = rows_get(r, 0, "oldest_xact");
	return pg_query(l->mem, s->pg, sql_text("window/expected"), NULL, 0, &w->expected);
}

struct err *
source_look(void *mem, struct source *s, const struct watermark *prev, enum batch_mode mode,
	    const char *from, const char *to, struct source_window **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct source_window *w = mem_new(tmp, struct source_window);
	struct look l = { .mem = w,
			  .prev = prev,
			  .mode = mode,
			  .from = from ? from : "",
			  .to = to ? to : "",
			  .window = w };

	TRY(source_ready(s));
	TRY(guard_server(s->pg));
	TRY(source_transact(s, sql_text("window/begin"), look_job, &l));
	mem_move(mem, w);
	*out = w;
	return NULL;
}
