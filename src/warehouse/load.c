#include "warehouse/load.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/time.h"

#include <stdio.h>
#include <string.h>

static struct err *
loader_begin(void *mem, struct loader *loader)
{
	return loader->l->w->redshift ? redshift_begin(mem, loader) : postgres_begin(mem, loader);
}

static struct err *
loader_end(struct loader *loader, struct err *e, long long expected)
{
	return loader->l->w->redshift ? redshift_end(loader, e, expected)
				      : postgres_end(loader, e, expected);
}

/* --- what is loaded --- */

/* The rows of the table's Parquet objects, through this process. */
static struct err *
load_rows(const struct load *l, const struct staged *t, const char *step)
{
	AUTO_MEM void *tmp = mem_root();
	struct loader c = { .l = l, .table = t->table, .step = step, .total = t->rows };
	struct err *e = NULL;

	TRY(loader_begin(tmp, &c));
	for (size_t i = 0; !e && i < t->n_keys; i++)
		e = engine_rows(l->engine, t->keys[i], &c.sink);
	return loader_end(&c, e, t->rows);
}

static struct err *
load_table(const struct load *l, const struct staged *t)
{
	AUTO_MEM void *tmp = mem_root();
	const char *step = mem_printf(tmp, "load_staging.%s", t->table);

	if (t->rows)
		TRY(l->w->redshift ? redshift_parquet(l, t) : load_rows(l, t, step));
	progress_tell(l->progress, step, t->rows, t->bytes, t->rows);
	return NULL;
}

/* A raw file without its header, if it has one: the names of its columns, on one line. */
static struct err *
send_file(struct loader *to, const struct batch_file *raw)
{
	AUTO_MEM void *tmp = mem_root();
	struct err *e = NULL;
	char part[65536], *path;
	size_t n;

	TRY(lake_local_path(tmp, to->l->lake, LAKE_RAW, raw->key, raw->etag, &path));
	FILE *f = fopen(path, "re");
	if (!f)
		return err_sys(ERR_DATA, "cannot open '%s'", path);
	if (!raw->headless)
		fseek(f, (long)strlen(raw->header) + 1, SEEK_SET);
	while (!e && (n = fread(part, 1, sizeof(part), f)) > 0)
		e = to->sink.write(&to->sink, part, n);
	if (!e && ferror(f))
		e = err_sys(ERR_DATA, "cannot read '%s'", path);
	fclose(f);
	return e;
}

/* Raw files that publish reads as they are. */
static struct err *
load_raw(const struct load *l, const char *entity, const char *table)
{
	AUTO_MEM void *tmp = mem_root();
	struct loader c = { .l = l, .table = table };
	const struct batch_file *f = NULL;
	long long rows = batch_rows(l->b, entity);
	struct err *e = NULL;

	if (!rows)
		return NULL;
	TRY(loader_begin(tmp, &c));
	while (!e && (f = batch_next(l->b, entity, f)))
		e = send_file(&c, f);
	return loader_end(&c, e, rows);
}

/* The transform's numbers, which open the books. */
static struct err *
load_counted(const struct load *l)
{
	AUTO_MEM void *tmp = mem_root();
	const struct staging *staging = l->staging;
	struct loader c = { .l = l, .table = "counted" };
	struct strbuf csv;

	strbuf_init(&csv, tmp, 1 << 16);
	for (size_t i = 0; i < staging->n; i++) {
		const struct staged *t = &staging->tables[i];
		const char *tbl = strcmp(t->table, "stg_sales") ? t->entity : "sales";

		strbuf_printf(&csv, "%s,read,%lld\n%s,staged,%lld\n", tbl, t->read, tbl, t->rows);
		strbuf_printf(&csv, "%s,superseded,%lld\n%s,rejected,%lld\n", tbl, t->superseded,
			      tbl, t->rejected);
	}
	TRY(loader_begin(tmp, &c));
	return loader_end(&c, c.sink.write(&c.sink, csv.s, csv.len), 4 * (long long)staging->n);
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
		b->prev.seq,
		b->prev.xid,
		b->prev.at,
	};

	return pg_query(tmp, pg, sql_text("warehouse/batch"), params,
			sizeof(params) / sizeof(params[0]), NULL);
}

/* Leave nothing in staging. */
static struct err *
empty(const struct warehouse *w)
{
	return w->redshift ? pg_script(w->pg, sql_text("warehouse/redshift_empty"))
			   : pg_exec(w->pg, sql_text("warehouse/empty"));
}

static struct err *
load_all(struct pg *pg, void *arg)
{
	const struct load *l = arg;

	TRY(empty(l->w));
	for (size_t i = 0; i < l->staging->n; i++) {
		struct err *e = load_table(l, &l->staging->tables[i]);

		if (e)
			return err_wrap(e, "cannot load '%s'", l->staging->tables[i].table);
	}
	TRY(load_raw(l, "dirty_orders", "stg_orders"));
	TRY(load_raw(l, "keys", "keys_read"));
	TRY(load_counted(l));
	return load_batch(pg, l->b, l->staging);
}

struct err *
warehouse_load(struct warehouse *w, struct engine *e, struct lake *lake, const struct batch *b,
	       const struct staging *staging, struct progress *progress)
{
	struct load l = {
		.w = w, .engine = e, .lake = lake, .b = b, .staging = staging, .progress = progress
	};
	struct err *wrong = warehouse_transact(w, load_all, &l);

	return wrong && w->redshift ? redshift_explain(&l, wrong) : wrong;
}

/* --- clearing --- */

struct clear {
	const struct warehouse *w;
	const struct batch *b;
};

static struct err *
clear(struct pg *pg, void *arg)
{
	AUTO_MEM void *tmp = mem_root();
	const struct clear *c = arg;
	const char *run = mem_printf(tmp, "%lld", c->b->run);
	struct rows *ours;

	TRY(pg_query(tmp, pg, sql_text("warehouse/staged"), &run, 1, &ours));
	return ours->n ? empty(c->w) : NULL;
}

struct err *
warehouse_clear(struct warehouse *w, const struct batch *b)
{
	struct clear c = { .w = w, .b = b };

	return warehouse_transact(w, clear, &c);
}
