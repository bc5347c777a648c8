/* A run's raw files: one snapshot, one or two sessions. */
#include "source/extract.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/strbuf.h"
#include "source/guard.h"

#include <string.h>

#define IDS_MAX (256U << 20) /* bytes of an array of order ids */

/* Orders, the largest by far, beside the rest. */
struct beside {
	struct extract *x;
	const struct source *source;
	struct extract_files *files;
};

char *
extract_key(void *mem, const struct extract *x, const struct extract_entity *entity)
{
	return mem_printf(mem, "%s/a%d/%s.csv", x->b->prefix, x->b->attempt, entity->name);
}

void
extract_add(struct extract_files *files, struct batch_file file)
{
	files->list = mem_grow(files, files->list, struct batch_file, files->n + 1);
	file.entity = mem_strdup(files, file.entity);
	files->list[files->n++] = file;
}

void
extract_tell(struct extract *x, const char *step, long long rows, long long bytes)
{
	if (!step)
		return;
	mutex_lock(x->mutex);
	progress_tell(x->progress, step, rows, bytes, -1);
	mutex_unlock(x->mutex);
}

/* The rows of sql/FOLDER/NAME. */
static struct err *
extract_entity(struct extract *x, struct pg *pg, const char *folder, const char *name,
	       struct extract_files *files)
{
	AUTO_MEM void *tmp = mem_root();
	const char *text = mem_printf(tmp, "%s/%s", folder, name);
	struct extract_entity entity = {
		.name = name,
		.query = sql_text(text),
		.step = strcmp(folder, "extract") ? NULL : mem_printf(tmp, "extract.%s", name),
	};
	struct err *e = x->by_s3 ? aws_s3_extract(x, pg, &entity, files)
				 : copy_extract(x, pg, &entity, files);

	return e ? err_wrap(e, "cannot extract %s", name) : NULL;
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
	/* Who queues between the first session's locks and these waits for us, and we for him. */
	TRY(pg_exec(pg, "set lock_timeout = '2s'"));
	TRY(pg_script(pg, sql_text("window/begin")));
	TRY(pg_exec(pg, mem_printf(tmp, "set transaction snapshot '%s'", o->x->snapshot)));
	TRY(extract_settings(o->x, pg));
	return extract_entity(o->x, pg, "extract", "orders", o->files);
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
extract_rest(struct extract *x, struct pg *pg, bool orders_too, struct extract_files *files)
{
	AUTO_MEM void *tmp = mem_root();
	const char **entities;
	size_t n;

	sql_list(tmp, "extract", &entities, &n);
	for (size_t i = 0; i < n; i++) {
		if (!orders_too && !strcmp(entities[i], "orders"))
			continue;
		TRY(extract_entity(x, pg, "extract", entities[i], files));
	}
	return extract_entity(x, pg, "window", x->b->mode == BATCH_FULL ? "keys" : "dirty_orders",
			      files);
}

/* A full run or a backfill: two sessions that see the same. */
static struct err *
extract_parallel(struct extract *x, struct source *s, struct extract_files *files)
{
	AUTO_MEM void *tmp = mem_root();
	struct beside orders = { .x = x, .source = s };
	struct rows *r;

	TRY(pg_query(tmp, s->pg, sql_text("window/export"), NULL, 0, &r));
	x->snapshot = rows_get(r, 0, "id");
	orders.files = mem_new(NULL, struct extract_files); /* its thread's alone until the join */
	struct thread *t = thread_start(tmp, beside_job, &orders);
	struct err *e = extract_rest(x, s->pg, false, files);
	if (e)
		atomic_store(&x->stop, true);
	e = extract_blame(e, thread_join(t));
	mem_move(files, orders.files);
	for (size_t i = 0; !e && i < orders.files->n; i++)
		extract_add(files, orders.files->list[i]);
	return e;
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
	return pg_query(x->b, pg, sql_text("source/counts"), NULL, 0, &x->totals);
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
	extract_next(x->b, x->b, &g);
	struct extract_files *files = mem_new(x->b, struct extract_files);
	struct err *e = x->b->mode == BATCH_INCREMENTAL ? extract_rest(x, s->pg, true, files)
							: extract_parallel(x, s, files);
	if (e) {
		mem_free(files); /* and what is unfinished, which the next try has no room for */
		return e;
	}
	x->b->files = files->list;
	x->b->n_files = files->n;
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

/* Who asked for aws_s3 is told where it cannot be. */
static struct err *
extract_way(struct extract *x, struct source *s)
{
	AUTO_MEM void *tmp = mem_root();
	const char *why;

	if (strcmp(settings_get(x->settings, "source"), "aws_s3"))
		return NULL;
	TRY(aws_s3_ready(tmp, s->pg, x->settings, AWS_S3_EXPORT, &why));
	x->by_s3 = !why;
	if (why)
		log_warn("rows come by COPY through this host, as %s", why);
	return NULL;
}

struct err *
source_extract(struct source *s, struct lake *lake, struct batch *b,
	       const char *const *extra_orders, size_t n_extra, struct progress *progress,
	       struct rows **totals)
{
	AUTO_MEM void *tmp = mem_root();
	struct extract x = { .lake = lake,
			     .b = b,
			     .settings = s->settings,
			     .mutex = mutex_new(tmp),
			     .progress = progress };

	TRY(extract_ids(tmp, extra_orders, n_extra, &x.extra));
	TRY(source_ready(s));
	TRY(guard_server(s->pg));
	TRY(extract_way(&x, s));
	TRY(source_transact(s, sql_text("window/begin"), extract_job, &x));
	*totals = x.totals;
	return NULL;
}
