#include "base/mem.h"
#include "base/sql.h"
#include "pipeline/template.h"
#include "warehouse/session.h"

#include <string.h>

/* One serving table: a file dim_* or fact_* of sql/publish. */
struct step {
	const char *name;
	const char *text;
	struct template names; /* of a dimension with history "id" is given */
	long long rows;	       /* staged */
};

struct publish {
	const struct batch *b;
	struct progress *progress;
	struct step *steps; /* [n], dimensions first */
	size_t n;
};

/* --- scripts --- */

/* Run each statement; one that answers with rows names what must not be. */
static struct err *
run_script(struct pg *pg, const char *script)
{
	AUTO_MEM void *tmp = mem_root();
	const char **statements;
	size_t n;

	sql_split(tmp, script, &statements, &n);
	for (size_t i = 0; i < n; i++) {
		struct rows *wrong;

		TRY(pg_query(tmp, pg, statements[i], NULL, 0, &wrong));
		if (wrong->n)
			return err_new(ERR_DATA, "%s: %s", rows_get(wrong, 0, "tbl"),
				       rows_get(wrong, 0, "rule"));
	}
	return NULL;
}

static struct err *
run_template(struct pg *pg, const char *text, const struct step *s)
{
	AUTO_MEM void *tmp = mem_root();
	char *script;

	TRY(template_fill(tmp, text, &s->names, &script));
	return run_script(pg, script);
}

/* --- steps --- */

static bool
has_history(const struct step *s)
{
	return template_get(&s->names, "id") != NULL;
}

static bool
is_fact(const struct step *s)
{
	return !strncmp(s->name, "fact_", 5);
}

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
is_due(const struct publish *p, const struct step *s)
{
	return p->b->mode == BATCH_FULL || s->rows ||
	       (is_fact(s) && batch_rows(p->b, "dirty_orders"));
}

static struct err *
find_steps(void *mem, struct publish *p, const struct staging *staging)
{
	const char **names;
	size_t n;

	sql_list(mem, "publish", &names, &n);
	p->steps = mem_array(mem, struct step, n);
	for (size_t i = 0; i < n; i++) {
		struct step *s = &p->steps[p->n];

		if (strncmp(names[i], "dim_", 4) && strncmp(names[i], "fact_", 5))
			continue;
		s->name = names[i];
		s->text = sql_text(mem_printf(mem, "publish/%s", names[i]));
		TRY(template_read(mem, s->text, &s->names));
		s->rows = staged_rows(staging, template_get(&s->names, "staging"));
		p->n++;
	}
	return NULL;
}

static struct err *
publish_step(struct pg *pg, const struct publish *p, const struct step *s)
{
	bool full = p->b->mode == BATCH_FULL;

	if (has_history(s)) {
		TRY(run_template(pg, sql_text(full ? "publish/scd2_full" : "publish/scd2_changes"),
				 s));
		return run_template(pg, sql_text("publish/scd2"), s);
	}
	for (size_t i = 0; is_fact(s) && i < p->n; i++) {
		if (has_history(&p->steps[i]))
			TRY(run_template(pg, sql_text("publish/members"), &p->steps[i]));
	}
	return run_template(pg, s->text, s);
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
	struct err *e = run_script(pg, sql_text("publish/open"));

	if (e && e->code == ERR_DATA)
		return err_hint(e, "'bikeops rejects' shows them; max_reject_percent allows more");
	if (e)
		return e;
	return p->b->mode == BATCH_FULL ? run_script(pg, sql_text("publish/full")) : NULL;
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
	for (size_t i = 0; i < p->n; i++) {
		const struct step *s = &p->steps[i];
		const char *step = mem_printf(tmp, "publish.%s", s->name);

		progress_tell(p->progress, step, 0, 0, s->rows);
		struct err *e = is_due(p, s) ? publish_step(pg, p, s) : NULL;
		if (e)
			return err_wrap(e, "cannot publish '%s'", s->name);
		progress_tell(p->progress, step, s->rows, 0, s->rows);
	}
	return run_script(pg, sql_text("publish/end"));
}

struct err *
warehouse_publish(struct warehouse *w, const struct batch *b, const struct staging *staging,
		  struct progress *progress)
{
	AUTO_MEM void *tmp = mem_root();
	struct publish p = { .b = b, .progress = progress };

	TRY(find_steps(tmp, &p, staging));
	TRY(warehouse_fresh(w));
	w->used = true;
	return warehouse_transact(w, publish_batch, &p);
}
