/* A store that others made: what it lacks is added, and taken away again. */
#include "base/mem.h"
#include "base/sql.h"
#include "source/capture.h"

#include <string.h>

#define ADOPT_TEXT_MAX (1U << 20)

/* Without a schema nothing else can be said. */
static struct err *
adopt_there(struct source *s)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r;

	TRY(source_ready(s));
	TRY(pg_query(tmp, s->pg, sql_text("source/there"), NULL, 0, &r));
	if (rows_bool(r, 0, "there"))
		return NULL;
	return err_hint(err_new(ERR_NOTFOUND, "there is no schema 'store' to capture"),
			"give its rows: 'bikeops setup --dataset DIR'; "
			"'bikeops generate' makes such a folder");
}

struct err *
source_adopt_look(void *mem, struct source *s, struct rows **differs, struct rows **plan)
{
	TRY(adopt_there(s));
	TRY(pg_query(mem, s->pg, sql_text("source/adopt_differs"), NULL, 0, differs));
	return pg_query(mem, s->pg, sql_text("source/adopt_plan"), NULL, 0, plan);
}

/* "customers.city has no such column, needs varchar or text; .." */
struct err *
source_adopt_refusal(const struct rows *differs)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf text;

	if (!differs->n)
		return NULL;
	strbuf_init(&text, tmp, ADOPT_TEXT_MAX);
	for (size_t i = 0; i < differs->n; i++) {
		const char *table = rows_get(differs, i, "table");
		const char *column = rows_get(differs, i, "column");

		strbuf_printf(&text, "%s%s%s%s: has %s, needs %s", i ? "; " : "",
			      table ? table : "", table && column ? "." : "", column ? column : "",
			      rows_get(differs, i, "has"), rows_get(differs, i, "needs"));
	}
	return err_hint(
		err_new(ERR_REFUSED, "schema 'store' differs from what bikeops reads: %s", text.s),
		"change that and run it again; "
		"nothing was changed");
}

static struct err *
adopt_table(struct source *s, const char *table)
{
	AUTO_MEM void *tmp = mem_root();

	return pg_script(s->pg, sql_text(mem_printf(tmp, "source/audit/%s", table)));
}

static bool
adopt_has(const struct rows *plan, size_t i, const char *part)
{
	return !strcmp(rows_get(plan, i, "part"), part);
}

static bool
adopt_lacks(const struct rows *plan)
{
	return plan->n && adopt_has(plan, 0, "audit");
}

struct err *
source_adopt(struct source *s)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *differs, *plan;

	TRY(source_adopt_look(tmp, s, &differs, &plan));
	TRY(source_adopt_refusal(differs));
	if (adopt_lacks(plan))
		TRY(pg_script(s->pg, sql_text("source/audit")));
	for (size_t i = 0; i < plan->n; i++) {
		if (adopt_has(plan, i, "audit"))
			TRY(capture_retry(s, rows_get(plan, i, "table"), adopt_table));
	}
	return NULL;
}

struct err *
source_adopted(struct source *s)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *plan;

	TRY(adopt_there(s));
	TRY(pg_query(tmp, s->pg, sql_text("source/adopt_plan"), NULL, 0, &plan));
	if (!adopt_lacks(plan))
		return NULL;
	return err_hint(err_new(ERR_REFUSED, "'store.%s' keeps no history of its rows: %s",
				rows_get(plan, 0, "table"), rows_get(plan, 0, "does")),
			"'bikeops setup --adopt' adds it, and lists it with --dry-run");
}

/* --- and away --- */

static struct err *
remove_table(struct source *s, const char *table)
{
	AUTO_MEM void *tmp = mem_root();

	return pg_script(s->pg, sql_text(mem_printf(tmp, "source/untrigger/%s", table)));
}

static struct err *
remove_audit(struct source *s, const char *table)
{
	(void)table;
	return pg_script(s->pg, sql_text("source/unaudit"));
}

static struct err *
remove_rest(struct source *s, const char *table)
{
	(void)table;
	return pg_script(s->pg, sql_text("source/remove_capture"));
}

struct err *
source_remove_look(void *mem, struct source *s, bool audit, struct rows **plan)
{
	const char *params[] = { audit ? "t" : "f" };

	TRY(adopt_there(s));
	return pg_query(mem, s->pg, sql_text("source/remove_plan"), params, 1, plan);
}

/* What may be refused comes first. */
struct err *
source_remove_capture(struct source *s, bool audit)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *plan;

	TRY(source_remove_look(tmp, s, audit, &plan));
	if (audit)
		TRY(capture_retry(s, "*", remove_audit));
	for (size_t i = 0; i < plan->n; i++) {
		if (adopt_has(plan, i, "capture"))
			TRY(capture_retry(s, rows_get(plan, i, "table"), remove_table));
	}
	return capture_retry(s, "*", remove_rest);
}
