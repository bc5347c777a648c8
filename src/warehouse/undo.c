#include "base/mem.h"
#include "base/sql.h"
#include "base/time.h"
#include "warehouse/serving.h"
#include "warehouse/session.h"

#include <string.h>

/* --- may it be taken back? --- */

static struct err *
refuse_undone(const struct rows *r, long long run)
{
	if (rows_get(r, 0, "by_run"))
		return err_hint(err_new(ERR_REFUSED,
					"batch %lld of run %lld was taken back already, by run "
					"%lld",
					rows_int(r, 0, "k"), run, rows_int(r, 0, "by_run")),
				"'bikeops run incremental' loads it again");
	return err_hint(err_new(ERR_REFUSED, "run %lld is an undo, of run %lld", run,
				rows_int(r, 0, "undid_run")),
			"'bikeops run incremental' loads again what it took back");
}

static struct err *
refuse(const struct rows *r, long long run)
{
	long long last = rows_int(r, 0, "last_run");

	if (!rows_get(r, 0, "k"))
		return err_hint(err_new(ERR_REFUSED,
					"run %lld published nothing: there is nothing to take "
					"back",
					run),
				"'bikeops runs' shows which batch k each run published");
	if (rows_get(r, 0, "by_run") || rows_get(r, 0, "undid_run"))
		return refuse_undone(r, run);
	if (rows_int(r, 0, "k") != rows_int(r, 0, "last_k"))
		return err_hint(err_new(ERR_REFUSED,
					"batch %lld of run %lld is not the newest: run %lld has "
					"published batch %lld since",
					rows_int(r, 0, "k"), run, last, rows_int(r, 0, "last_k")),
				"take back one after the other, the newest first: "
				"'bikeops run undo %lld'",
				last);
	return err_hint(err_new(ERR_REFUSED,
				"what batch %lld of run %lld changed is no longer kept, or never "
				"was",
				rows_int(r, 0, "k"), run),
			"rows are kept for 7 days; mend the source, then 'bikeops run full' reads "
			"every row again");
}

static struct undo
undo_of(void *mem, const struct rows *r, long long run)
{
	return (struct undo){
		.run = run,
		.k = rows_int(r, 0, "k"),
		.now_k = rows_int(r, 0, "now_k"),
		.published_at = mem_strdup(mem, rows_get(r, 0, "loaded_at")),
		.back = warehouse_watermark_of(r, rows_int(r, 0, "now_k") + 1, 0),
	};
}

struct err *
warehouse_undo_find(void *mem, struct warehouse *w, long long run, long long by_run,
		    struct undo *out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *param = mem_printf(tmp, "%lld", run);
	struct rows *r;

	TRY(warehouse_ask(mem, w, "undo/state", &param, 1, &r));
	bool ours = rows_get(r, 0, "by_k") && rows_int(r, 0, "by_k") == rows_int(r, 0, "now_k") &&
		    rows_int(r, 0, "now_run") == by_run;
	bool stands = rows_get(r, 0, "k") && rows_int(r, 0, "k") == rows_int(r, 0, "last_k") &&
		      rows_get(r, 0, "kept_k");
	if (!ours && !stands)
		return refuse(r, run);
	*out = undo_of(mem, r, run);
	out->done = ours;
	if (ours)
		out->now_k--;
	return NULL;
}

/* --- what goes back --- */

static struct err *
count_table(void *mem, struct pg *pg, const struct serving *s, const struct undo *u,
	    struct rows **out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *k = mem_printf(tmp, "%lld", u->k);
	char *sql;

	TRY(template_fill(tmp, sql_text("undo/count"), &s->names, &sql));
	return pg_query(mem, pg, sql, &k, 1, out);
}

struct err *
warehouse_undo_rows(void *mem, struct warehouse *w, const struct undo *u, struct rows **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct serving *tables;
	struct rows *all = NULL, *r;
	size_t n;

	TRY(serving_tables(tmp, &tables, &n));
	TRY(warehouse_ready(w));
	for (size_t i = 0; i < n; i++) {
		if (!serving_is_kept(&tables[i]))
			continue;
		TRY(count_table(mem, w->pg, &tables[i], u, &r));
		if (all)
			rows_add(all, r->cells);
		else
			all = r;
	}
	*out = all;
	return NULL;
}

/* --- the transaction --- */

struct undo_job {
	const struct undo *u;
	long long by_run;
	struct progress *progress;
	struct serving *tables; /* [n] */
	size_t n;
};

/* The watermark did not move: by this run already, or it is another's. */
static struct err *
lost_race(struct pg *pg, const struct undo_job *job)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r;

	TRY(pg_query(tmp, pg, sql_text("warehouse/watermark"), NULL, 0, &r));
	long long k = rows_int(r, 0, "k"), run = rows_int(r, 0, "run");
	if (k == job->u->now_k + 1 && run == job->by_run)
		return NULL;
	return err_hint(err_new(ERR_CONFLICT,
				"the watermark stands at k %lld by run %lld, not at k %lld", k, run,
				job->u->now_k),
			"another run has published since: 'bikeops runs' shows it");
}

static struct err *
undo_table(struct pg *pg, const struct undo_job *job, const struct serving *s)
{
	AUTO_MEM void *tmp = mem_root();
	const char *step = mem_printf(tmp, "publish.%s", s->name);
	struct rows *r;

	TRY(count_table(tmp, pg, s, job->u, &r));
	const char *params[] = { rows_get(r, 0, "tbl"), rows_get(r, 0, "removed"),
				 rows_get(r, 0, "inserted"), rows_get(r, 0, "updated") };
	long long rows =
		rows_int(r, 0, "removed") + rows_int(r, 0, "inserted") + rows_int(r, 0, "updated");
	progress_tell(job->progress, step, 0, 0, rows);
	TRY(pg_query(tmp, pg, sql_text("undo/books"), params, 4, NULL));
	TRY(rows ? serving_fill(pg, "undo/table", s) : NULL);
	progress_tell(job->progress, step, rows, 0, rows);
	return NULL;
}

static struct err *
undo_batch(struct pg *pg, void *arg)
{
	AUTO_MEM void *tmp = mem_root();
	const struct undo_job *job = arg;
	const char *begin[] = { mem_printf(tmp, "%lld", job->by_run),
				mem_printf(tmp, "%lld", job->u->k),
				mem_printf(tmp, "%lld", job->u->now_k) };
	const char *note[] = { begin[1], time_iso(tmp, time_now_us()) };

	TRY(pg_query(tmp, pg, sql_text("undo/begin"), begin, 3, NULL));
	if (pg_affected(pg) != 1)
		return lost_race(pg, job);
	TRY(pg_query(tmp, pg, sql_text("undo/note"), note, 2, NULL));
	for (size_t i = 0; i < job->n; i++) {
		const struct serving *s = &job->tables[i];
		struct err *e = serving_is_kept(s) ? undo_table(pg, job, s) : NULL;

		if (e)
			return err_wrap(e, "cannot take back '%s'", s->name);
	}
	TRY(serving_run(pg, "undo/end"));
	return serving_run(pg, "publish/balance");
}

struct err *
warehouse_undo(struct warehouse *w, const struct undo *u, long long by_run,
	       struct progress *progress)
{
	AUTO_MEM void *tmp = mem_root();
	struct undo_job job = { .u = u, .by_run = by_run, .progress = progress };

	TRY(serving_tables(tmp, &job.tables, &job.n));
	TRY(warehouse_fresh(w));
	w->used = true;
	return warehouse_transact(w, undo_batch, &job);
}
