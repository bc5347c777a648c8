#include "base/mem.h"
#include "base/sql.h"
#include "base/time.h"
#include "pipeline/template.h"
#include "warehouse/session.h"

#include <stdio.h>
#include <string.h>

struct load {
	struct engine *engine;
	struct lake *lake;
	const struct batch *b;
	const struct staging *staging;
	struct progress *progress;
};

/* --- COPY --- */

/* A sink that feeds a COPY, and counts. */
struct copy {
	struct sink sink;
	struct pg *pg;
	struct progress *progress;
	const char *step;
	long long bytes, total;
};

static struct err *
copy_write(struct sink *sink, const void *data, size_t n)
{
	struct copy *c = (struct copy *)sink;

	c->bytes += (long long)n;
	progress_tell(c->progress, c->step, 0, c->bytes, c->total);
	return pg_copy_put(c->pg, data, n);
}

/* A statement on one staging table. */
static struct err *
on_table(void *mem, const char *name, const char *table, char **sql)
{
	struct template t = { 0 };

	template_set(mem, &t, "table", table);
	return template_fill(mem, sql_text(name), &t, sql);
}

/* End a COPY; the table then has exactly these rows, and statistics. */
static struct err *
copy_end(struct pg *pg, const char *table, struct err *e, long long expected)
{
	AUTO_MEM void *tmp = mem_root();
	long long rows;
	char *sql;

	if (e)
		return err_first(e, pg_copy_end(pg, "given up", NULL));
	TRY(pg_copy_end(pg, NULL, &rows));
	if (rows != expected)
		return err_new(ERR_DATA, "'%s' got %lld rows, not %lld", table, rows, expected);
	TRY(on_table(tmp, "warehouse/analyze", table, &sql));
	return pg_exec(pg, sql);
}

/* --- what is loaded --- */

static struct err *
load_table(struct pg *pg, const struct load *l, const struct staged *t)
{
	AUTO_MEM void *tmp = mem_root();
	struct copy c = { .sink.write = copy_write,
			  .pg = pg,
			  .progress = l->progress,
			  .step = mem_printf(tmp, "load_staging.%s", t->table),
			  .total = t->rows };
	char *sql;

	if (t->rows) {
		struct err *e = NULL;

		TRY(on_table(tmp, "warehouse/copy", t->table, &sql));
		TRY(pg_copy_in(pg, sql));
		for (size_t i = 0; !e && i < t->n_keys; i++)
			e = engine_rows(l->engine, t->keys[i], &c.sink);
		TRY(copy_end(pg, t->table, e, t->rows));
	}
	progress_tell(l->progress, c.step, t->rows, c.bytes, t->rows);
	return NULL;
}

/* A raw file without its header, if it has one: the names of its columns, on one line. */
static struct err *
send_file(struct pg *pg, struct lake *lake, const struct batch_file *raw)
{
	AUTO_MEM void *tmp = mem_root();
	struct err *e = NULL;
	char part[65536], *path;
	size_t n;

	TRY(lake_local_path(tmp, lake, LAKE_RAW, raw->key, &path));
	FILE *f = fopen(path, "re");
	if (!f)
		return err_sys(ERR_DATA, "cannot open '%s'", path);
	if (!raw->headless)
		fseek(f, (long)strlen(raw->header) + 1, SEEK_SET);
	while (!e && (n = fread(part, 1, sizeof(part), f)) > 0)
		e = pg_copy_put(pg, part, n);
	if (!e && ferror(f))
		e = err_sys(ERR_DATA, "cannot read '%s'", path);
	fclose(f);
	return e;
}

/* A raw file that publish reads as it is. */
static struct err *
load_raw(struct pg *pg, const struct load *l, const char *entity, const char *table)
{
	AUTO_MEM void *tmp = mem_root();
	const struct batch_file *f = NULL;
	struct err *e = NULL;
	char *sql;

	if (!batch_next(l->b, entity, NULL))
		return NULL;
	TRY(on_table(tmp, "warehouse/copy", table, &sql));
	TRY(pg_copy_in(pg, sql));
	while (!e && (f = batch_next(l->b, entity, f)))
		e = send_file(pg, l->lake, f);
	return copy_end(pg, table, e, batch_rows(l->b, entity));
}

/* The transform's numbers, which open the books. */
static struct err *
load_counted(struct pg *pg, const struct staging *staging)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf csv;
	char *sql;

	strbuf_init(&csv, tmp, 1 << 16);
	for (size_t i = 0; i < staging->n; i++) {
		const struct staged *t = &staging->tables[i];
		const char *tbl = strcmp(t->table, "stg_sales") ? t->entity : "sales";

		strbuf_printf(&csv, "%s,read,%lld\n%s,staged,%lld\n", tbl, t->read, tbl, t->rows);
		strbuf_printf(&csv, "%s,superseded,%lld\n%s,rejected,%lld\n", tbl, t->superseded,
			      tbl, t->rejected);
	}
	TRY(on_table(tmp, "warehouse/copy", "counted", &sql));
	TRY(pg_copy_in(pg, sql));
	return copy_end(pg, "counted", pg_copy_put(pg, csv.s, csv.len), 4 * (long long)staging->n);
}

static struct err *
load_batch(struct pg *pg, const struct batch *b, const struct staging *staging)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = {
		mem_printf(tmp, "%lld", b->next.k),
		mem_printf(tmp, "%lld", b->run),
		b->prev.epoch,
		b->next.epoch,
		b->prev.s,
		b->next.s,
		b->next.seq,
		b->next.xid,
		b->next.at,
		b->next.business_timezone,
		mem_printf(tmp, "%d", staging->first_year),
		mem_printf(tmp, "%d", staging->last_year),
		b->run_day,
		b->mode == BATCH_FULL ? "t" : "f",
		mem_printf(tmp, "%d", b->max_reject_percent),
		mem_printf(tmp, "%s/a%d/manifest.json", b->prefix, b->attempt),
		time_iso(tmp, time_now_us()),
	};

	return pg_query(tmp, pg, sql_text("warehouse/batch"), params,
			sizeof(params) / sizeof(params[0]), NULL);
}

static struct err *
load_all(struct pg *pg, void *arg)
{
	const struct load *l = arg;

	TRY(pg_exec(pg, sql_text("warehouse/empty")));
	for (size_t i = 0; i < l->staging->n; i++) {
		struct err *e = load_table(pg, l, &l->staging->tables[i]);

		if (e)
			return err_wrap(e, "cannot load '%s'", l->staging->tables[i].table);
	}
	TRY(load_raw(pg, l, "dirty_orders", "stg_orders"));
	TRY(load_raw(pg, l, "keys", "keys_read"));
	TRY(load_counted(pg, l->staging));
	return load_batch(pg, l->b, l->staging);
}

struct err *
warehouse_load(struct warehouse *w, struct engine *e, struct lake *lake, const struct batch *b,
	       const struct staging *staging, struct progress *progress)
{
	struct load l = {
		.engine = e, .lake = lake, .b = b, .staging = staging, .progress = progress
	};

	return warehouse_transact(w, load_all, &l);
}

/* --- clearing --- */

static struct err *
clear(struct pg *pg, void *arg)
{
	AUTO_MEM void *tmp = mem_root();
	const struct batch *b = arg;
	const char *run = mem_printf(tmp, "%lld", b->run);
	struct rows *ours;

	TRY(pg_query(tmp, pg, sql_text("warehouse/staged"), &run, 1, &ours));
	return ours->n ? pg_exec(pg, sql_text("warehouse/empty")) : NULL;
}

struct err *
warehouse_clear(struct warehouse *w, const struct batch *b)
{
	struct batch copy = *b;

	return warehouse_transact(w, clear, &copy);
}
