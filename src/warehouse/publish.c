#include "base/mem.h"
#include "base/sql.h"
#include "warehouse/serving.h"
#include "warehouse/session.h"

#include <string.h>

struct publish {
	const struct batch *b;
	struct progress *progress;
	struct serving *tables; /* [n], dimensions first */
	long long *rows;	/* [n], staged */
	size_t n;
};

/* --- steps --- */

static long long
staged_rows(const struct staging *staging, const char *table)
{
	for (size_t i = 0; i < staging->n; i++) {
		if (!strcmp(staging->tables[i].table, table))
			return staging->tables[i].rows;
	}
	return 0;
}

/* A full run must see what is no longer there; an order may have lost all its lines. */
static bool
is_due(const struct publish *p, size_t i)
{
	return p->b->mode == BATCH_FULL || p->rows[i] ||
	       (serving_is_fact(&p->tables[i]) && batch_rows(p->b, "dirty_orders"));
}

static struct err *
find_tables(void *mem, struct publish *p, const struct staging *staging)
{
	TRY(serving_tables(mem, &p->tables, &p->n));
	p->rows = mem_array(mem, long long, p->n);
	for (size_t i = 0; i < p->n; i++)
		p->rows[i] = staged_rows(staging, template_get(&p->tables[i].names, "staging"));
	return NULL;
}

static struct err *
publish_table(struct pg *pg, const struct publish *p, const struct serving *s)
{
	bool full = p->b->mode == BATCH_FULL;

	if (serving_has_history(s)) {
		TRY(serving_fill(pg, full ? "publish/scd2_full" : "publish/scd2_changes", s));
		return serving_fill(pg, "publish/scd2", s);
	}
	for (size_t i = 0; serving_is_fact(s) && i < p->n; i++) {
		if (serving_has_history(&p->tables[i]))
			TRY(serving_fill(pg, "publish/members", &p->tables[i]));
	}
	return serving_fill(pg, s->file, s);
}

static struct err *
publish_tables(struct pg *pg, const struct publish *p)
{
	AUTO_MEM void *tmp = mem_root();

	for (size_t i = 0; i < p->n; i++) {
		const struct serving *s = &p->tables[i];
		const char *step = mem_printf(tmp, "publish.%s", s->name);

		progress_tell(p->progress, step, 0, 0, p->rows[i]);
		struct err *e = is_due(p, i) ? publish_table(pg, p, s) : NULL;
		if (e)
			return err_wrap(e, "cannot publish '%s'", s->name);
		progress_tell(p->progress, step, p->rows[i], 0, p->rows[i]);
	}
	return NULL;
}

static struct err *
forget_old(struct pg *pg, const struct publish *p)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *old;

	TRY(pg_query(tmp, pg, sql_text("publish/expired"), NULL, 0, &old));
	for (size_t i = 0; old->n && i < p->n; i++) {
		if (serving_is_kept(&p->tables[i]))
			TRY(serving_fill(pg, "publish/forget", &p->tables[i]));
	}
	return old->n ? serving_run(pg, "publish/forget_keys") : NULL;
}

/* --- the transaction --- */

/* The watermark did not move: ours already, another's, or the wrong rows in staging. */
static struct err *
refuse(struct pg *pg, const struct publish *p)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r;

	TRY(pg_query(tmp, pg, sql_text("publish/state"), NULL, 0, &r));
	long long k = rows_int(r, 0, "k"), run = rows_int(r, 0, "run");
	if (k == p->b->next.k && run == p->b->run)
		return NULL;
	if (k != p->b->prev.k)
		return err_new(ERR_CONFLICT,
			       "the watermark stands at k %lld by run %lld, not at k %lld", k, run,
			       p->b->prev.k);
	if (rows_int(r, 0, "staged_run") != p->b->run)
		return err_new(ERR_CONFLICT, "staging holds the batch of run %lld, not of run %lld",
			       rows_int(r, 0, "staged_run"), p->b->run);
	return err_new(ERR_CONFLICT, "the watermark is of another epoch of the source");
}

static struct err *
open_books(struct pg *pg, const struct publish *p)
{
	struct err *e = serving_run(pg, "publish/open");

	if (e && e->code == ERR_DATA)
		return err_hint(
			e, "'bikeops rejects' shows them; nothing was published. Mend them at the "
			   "source, or raise max_reject_percent to load the rest");
	if (e)
		return e;
	return p->b->mode == BATCH_FULL ? serving_run(pg, "publish/full") : NULL;
}

static struct err *
publish_batch(struct pg *pg, void *arg)
{
	AUTO_MEM void *tmp = mem_root();
	const struct publish *p = arg;
	const char *params[] = { mem_printf(tmp, "%lld", p->b->run),
				 mem_printf(tmp, "%lld", p->b->next.k) };

	TRY(pg_query(tmp, pg, sql_text("publish/begin"), params, 2, NULL));
	if (pg_affected(pg) != 1)
		return refuse(pg, p);
	TRY(open_books(pg, p));
	TRY(publish_tables(pg, p));
	TRY(serving_run(pg, "publish/end"));
	TRY(forget_old(pg, p));
	return serving_run(pg, "publish/balance");
}

struct err *
warehouse_publish(struct warehouse *w, const struct batch *b, const struct staging *staging,
		  struct progress *progress)
{
	AUTO_MEM void *tmp = mem_root();
	struct publish p = { .b = b, .progress = progress };

	TRY(find_tables(tmp, &p, staging));
	TRY(warehouse_fresh(w));
	w->used = true;
	return warehouse_transact(w, publish_batch, &p);
}
