/* Extraction by COPY from any PostgreSQL: one snapshot, one or two sessions. */
#include "base/cancel.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/strbuf.h"
#include "base/thread.h"
#include "base/time.h"
#include "source/guard.h"

#include <stdatomic.h>
#include <string.h>

#define TELL_MS	   250
#define IDS_MAX	   (256U << 20) /* bytes of an array of order ids */
#define HEADER_MAX 4096

struct extract {
	struct lake *lake;
	struct batch *b;
	void *mem;	      /* owns what b is given */
	const char *extra;    /* array of order ids */
	const char *snapshot; /* exported, or NULL with one session */
	struct mutex *mutex;  /* of progress */
	struct progress *progress;
	struct rows *totals;
	atomic_bool stop; /* one session failed: the other need not end */
};

/* Orders, the largest by far, beside the rest. */
struct beside {
	void *mem;
	struct extract *x;
	const struct source *source;
	struct batch_file file;
};

/* On the way into the lake: the header is kept, rows are told. */
struct tap {
	struct sink sink;
	struct extract *x;
	struct lake_writer *to;
	struct strbuf header;
	const char *step; /* or NULL: not one of the run's */
	long long rows, bytes;
	long long told_ms;
	bool headed;
};

static void
tap_tell(struct tap *t)
{
	t->told_ms = time_tick_ms();
	if (!t->step)
		return;
	mutex_lock(t->x->mutex);
	progress_tell(t->x->progress, t->step, t->rows, t->bytes, -1);
	mutex_unlock(t->x->mutex);
}

/* COPY sends one row at a time, the header first. */
static struct err *
tap_write(struct sink *sink, const void *data, size_t n)
{
	struct tap *t = (struct tap *)sink;

	TRY(cancel_check());
	if (atomic_load(&t->x->stop))
		return err_new(ERR_CANCELLED, "the other session failed");
	if (!t->headed)
		strbuf_add(&t->header, data, strcspn(data, "\r\n"));
	else
		t->rows++;
	t->headed = true;
	t->bytes += (long long)n;
	if (t->rows % 256 == 0 && time_tick_ms() - t->told_ms >= TELL_MS)
		tap_tell(t);
	return t->to->sink.write(&t->to->sink, data, n);
}

/* The rows of sql/FOLDER/ENTITY as object ENTITY.csv. */
static struct err *
extract_file(void *mem, struct extract *x, struct pg *pg, const char *folder, const char *entity,
	     struct batch_file *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct tap t = { .sink = { tap_write }, .x = x };
	char *key = mem_printf(mem, "%s/a%d/%s.csv", x->b->prefix, x->b->attempt, entity);
	long long rows;

	if (!strcmp(folder, "extract"))
		t.step = mem_printf(tmp, "extract.%s", entity);
	strbuf_init(&t.header, mem, HEADER_MAX);
	TRY(lake_create(tmp, x->lake, LAKE_RAW, key, &t.to));
	const char *query = sql_text(mem_printf(tmp, "%s/%s", folder, entity));
	const char *copy =
		mem_printf(tmp, "copy (\n%s\n) to stdout (format csv, header true)", query);
	struct err *e = pg_copy_out(pg, copy, &t.sink, &rows);
	if (e)
		return err_wrap(e, "cannot extract %s", entity);
	TRY(lake_commit(t.to));
	tap_tell(&t);
	*out = (struct batch_file){
		.entity = mem_strdup(mem, entity),
		.key = key,
		.bytes = t.to->bytes,
		.rows = rows,
		.sha256 = mem_strdup(mem, t.to->sha256),
		.header = t.header.s,
	};
	return NULL;
}

static struct err *
extract_settings(struct extract *x, struct pg *pg)
{
	const struct batch *b = x->b;

	return source_settings(pg, b->mode == BATCH_FULL, guard_snapshot(&b->prev),
			       guard_timezone(&b->prev), b->from ? b->from : "", b->to ? b->to : "",
			       x->extra);
}

static struct err *
beside_extract(struct beside *o)
{
	AUTO_MEM void *tmp = mem_root();
	struct pg *pg;

	TRY(source_session(tmp, o->source, &pg));
	TRY(pg_script(pg, sql_text("window/begin")));
	TRY(pg_exec(pg, mem_printf(tmp, "set transaction snapshot '%s'", o->x->snapshot)));
	TRY(extract_settings(o->x, pg));
	return extract_file(o->mem, o->x, pg, "extract", "orders", &o->file);
}

static struct err *
beside_job(void *arg)
{
	struct beside *o = arg;
	struct err *e = beside_extract(o);

	if (e)
		atomic_store(&o->x->stop, true);
	return e;
}

/* Of two failures the one that is not the other's echo. */
static struct err *
extract_blame(struct err *mine, struct err *other)
{
	if (mine && other && mine->code == ERR_CANCELLED)
		return err_first(other, mine);
	return err_first(mine, other);
}

static struct err *
extract_rest(struct extract *x, struct pg *pg, bool orders_too)
{
	AUTO_MEM void *tmp = mem_root();
	struct batch *b = x->b;
	const char *own = b->mode == BATCH_FULL ? "keys" : "dirty_orders";
	const char **entities;
	size_t n;

	sql_list(tmp, "extract", &entities, &n);
	b->files = mem_array(x->mem, struct batch_file, n + 1); /* without orders, room for them */
	b->n_files = 0;
	for (size_t i = 0; i < n; i++) {
		if (!orders_too && !strcmp(entities[i], "orders"))
			continue;
		TRY(extract_file(x->mem, x, pg, "extract", entities[i], &b->files[b->n_files++]));
	}
	return extract_file(x->mem, x, pg, "window", own, &b->files[b->n_files++]);
}

/* A full run or a backfill: two sessions that see the same. */
static struct err *
extract_parallel(struct extract *x, struct source *s)
{
	AUTO_MEM void *tmp = mem_root();
	struct beside orders = { .x = x, .source = s };
	struct rows *r;

	TRY(pg_query(tmp, s->pg, sql_text("window/export"), NULL, 0, &r));
	x->snapshot = rows_get(r, 0, "id");
	orders.mem = mem_root(); /* its thread's alone until the join */
	struct thread *t = thread_start(tmp, beside_job, &orders);
	struct err *e = extract_rest(x, s->pg, false);
	if (e)
		atomic_store(&x->stop, true);
	e = extract_blame(e, thread_join(t));
	mem_move(x->mem, orders.mem);
	TRY(e);
	x->b->files[x->b->n_files++] = orders.file;
	return NULL;
}

/* Where batch k ends. */
static void
extract_next(void *mem, struct batch *b, const struct guard *g)
{
	bool any = g->seq != NULL;

	b->next = (struct watermark){
		.k = b->prev.k + 1,
		.run = b->run,
		.epoch = mem_strdup(mem, g->epoch),
		.s = mem_strdup(mem, g->s),
		.seq = any ? mem_strdup(mem, g->seq) : b->prev.seq,
		.xid = any ? mem_strdup(mem, g->xid) : b->prev.xid,
		.at = any ? mem_strdup(mem, g->at) : b->prev.at,
		.business_timezone = mem_strdup(mem, guard_timezone(&b->prev)),
		.first_year = b->prev.first_year,
		.last_year = b->prev.last_year,
	};
	b->run_day = mem_strdup(mem, g->run_day);
}

/* The shop's totals at S(k): always after a full run, else where they cost next to nothing. */
static struct err *
extract_totals(struct extract *x, struct pg *pg)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r;

	TRY(pg_query(tmp, pg, sql_text("window/cheap"), NULL, 0, &r));
	if (!rows_bool(r, 0, "cheap"))
		return NULL;
	return pg_query(x->mem, pg, sql_text("source/counts"), NULL, 0, &x->totals);
}

static struct err *
extract_job(struct source *s, void *arg)
{
	AUTO_MEM void *tmp = mem_root();
	struct extract *x = arg;
	struct guard g;

	TRY(extract_settings(x, s->pg));
	TRY(guard_window(tmp, s->pg, &x->b->prev, &g));
	if (g.must_full && x->b->mode != BATCH_FULL)
		return err_hint(
			err_new(ERR_REFUSED, "the window must be a full one: %s", g.must_full),
			"run 'bikeops run full'");
	extract_next(x->mem, x->b, &g);
	TRY(x->b->mode == BATCH_INCREMENTAL ? extract_rest(x, s->pg, true)
					    : extract_parallel(x, s));
	return extract_totals(x, s->pg);
}

/* {"1","2"} */
static struct err *
extract_ids(void *mem, const char *const *ids, size_t n, const char **out)
{
	struct strbuf sb;

	strbuf_init(&sb, mem, IDS_MAX);
	strbuf_char(&sb, '{');
	for (size_t i = 0; i < n; i++) {
		strbuf_str(&sb, i ? ",\"" : "\"");
		for (const char *at = ids[i]; *at; at++) {
			if (*at == '"' || *at == '\\')
				strbuf_char(&sb, '\\');
			strbuf_char(&sb, *at);
		}
		strbuf_char(&sb, '"');
	}
	strbuf_char(&sb, '}');
	*out = sb.s;
	return sb.full ? err_new(ERR_DATA, "%zu orders are too many for one backfill", n) : NULL;
}

struct err *
source_extract(void *mem, struct source *s, struct lake *lake, struct batch *b,
	       const char *const *extra_orders, size_t n_extra, struct progress *progress,
	       struct rows **totals)
{
	AUTO_MEM void *tmp = mem_root();
	struct extract x = {
		.lake = lake, .b = b, .mem = mem, .mutex = mutex_new(tmp), .progress = progress
	};

	TRY(extract_ids(tmp, extra_orders, n_extra, &x.extra));
	TRY(source_ready(s));
	TRY(guard_server(s->pg));
	TRY(source_transact(s, sql_text("window/begin"), extract_job, &x));
	*totals = x.totals;
	return NULL;
}
