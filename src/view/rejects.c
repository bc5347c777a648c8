#include "view/rejects.h"

#include "base/mem.h"
#include "lake/lake.h"
#include "run/run.h"
#include "source/csv.h"
#include "view/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REJECTS_RUNS 1000 /* among so many is one that read something */

static const char *const rejects_columns[] = { "entity", "key", "rule", "raw", "object" };

/* "PREFIX/a2/_rejects/orders.csv" is of attempt 2, anything else of the attempt of its name. */
static int
attempt_of(const char *key, const char *prefix)
{
	int attempt = 0;

	return sscanf(key + strlen(prefix), "/a%d/", &attempt) == 1 ? attempt : 0;
}

/* What was read so far. */
struct reading {
	struct rejects *out;
	long long limit;
	struct rule {
		const char *entity, *rule;
		long long rows;
	} *rules;
	size_t n;
};

/* One more row of its entity broke this rule. */
static void
rejects_count(struct reading *to, const char *entity, const char *rule)
{
	struct rejects *out = to->out;
	size_t i = 0;

	while (i < to->n &&
	       (strcmp(to->rules[i].entity, entity) || strcmp(to->rules[i].rule, rule)))
		i++;
	if (i == to->n) {
		to->n++;
		to->rules = mem_grow(out->rules, to->rules, struct rule, to->n);
		to->rules[i] = (struct rule){ mem_strdup(out->rules, entity),
					      mem_strdup(out->rules, rule), 0 };
	}
	to->rules[i].rows++;
}

static int
rule_compare(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;
	int entity = strcmp(x->entity, y->entity);

	return x->rows != y->rows ? (x->rows < y->rows ? 1 : -1)
	       : entity		  ? entity
				  : strcmp(x->rule, y->rule);
}

static void
rejects_rules(struct reading *from)
{
	struct rows *rules = from->out->rules;

	if (from->n)
		qsort(from->rules, from->n, sizeof(*from->rules), rule_compare);
	for (size_t i = 0; i < from->n; i++) {
		const struct rule *r = &from->rules[i];

		rows_add(rules, (const char *const[]){ r->entity, r->rule,
						       mem_printf(rules, "%lld", r->rows) });
	}
}

/* A record by the names of its header; one without a value is NULL. */
static void
rejects_add(struct reading *to, const struct csv_record *header, const struct csv_record *r)
{
	const char *cells[5] = { NULL };

	for (size_t i = 0; i < header->n; i++) {
		for (size_t c = 0; c < 5; c++) {
			if (!strcmp(header->values[i].text, rejects_columns[c]) &&
			    (r->values[i].len || r->values[i].quoted))
				cells[c] = r->values[i].text;
		}
	}
	rejects_count(to, cells[0] ? cells[0] : "", cells[2] ? cells[2] : "");
	if (to->out->n++ < to->limit)
		rows_add(to->out->rows, cells);
}

static struct err *
rejects_object(struct lake *lake, const char *key, struct reading *to)
{
	AUTO_MEM void *tmp = mem_root();
	const struct csv_record *r;
	struct csv *csv;
	char *path;

	TRY(lake_local_path(tmp, lake, LAKE_PROCESSED, key, NULL, &path));
	TRY(csv_open(tmp, path, key, &csv));
	TRY(csv_next(csv, &r));
	while (r) {
		rejects_add(to, csv_header(csv), r);
		TRY(csv_next(csv, &r));
	}
	return NULL;
}

/* Those of the last attempt that transformed; *any: did one of this run? */
static struct err *
rejects_read(struct lake *lake, const char *prefix, struct reading *to, bool *any)
{
	AUTO_MEM void *tmp = mem_root();
	struct lake_object *list;
	int last = 0;
	size_t n;

	TRY(lake_list(tmp, lake, LAKE_PROCESSED, mem_printf(tmp, "%s/", prefix), &list, &n));
	for (size_t i = 0; i < n; i++) {
		int attempt = attempt_of(list[i].key, prefix);

		last = attempt > last ? attempt : last;
	}
	const char *folder = mem_printf(tmp, "%s/a%d/_rejects/", prefix, last);
	for (size_t i = 0; i < n; i++) {
		if (!strncmp(list[i].key, folder, strlen(folder)))
			TRY(rejects_object(lake, list[i].key, to));
	}
	*any = last > 0;
	return NULL;
}

/* By entity, rule and key: an engine writes them in any order. */
static int
row_compare(const void *a, const void *b)
{
	static const size_t order[] = { 0, 2, 1 };
	const char *const *x = a, *const *y = b;
	int differ = 0;

	for (size_t i = 0; !differ && i < sizeof(order) / sizeof(order[0]); i++) {
		const char *one = x[order[i]], *other = y[order[i]];

		differ = strcmp(one ? one : "", other ? other : "");
	}
	return differ;
}

/* The run asked for, or those that may have rejected, newest first. */
static struct err *
rejects_runs(void *mem, struct ledger *l, const char *warehouse, long long run, struct rows **out)
{
	struct run_view v;

	if (!run)
		return runs_list(mem, l, warehouse, REJECTS_RUNS, out);
	TRY(runs_show(mem, l, run, &v));
	*out = v.run;
	return NULL;
}

struct err *
rejects_fetch(void *mem, const struct settings *settings, struct ledger *l, long long run,
	      long long limit, struct rejects *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct lake *lake;
	struct rows *runs;
	bool any = false;

	*out = (struct rejects){ .run = run, .rules = rows_new(mem, 3), .rows = rows_new(mem, 5) };
	rows_column(out->rules, 0, "entity", ROWS_TEXT);
	rows_column(out->rules, 1, "rule", ROWS_TEXT);
	rows_column(out->rules, 2, "rows", ROWS_INT);
	for (size_t i = 0; i < 5; i++)
		rows_column(out->rows, i, rejects_columns[i], ROWS_TEXT);
	struct reading to = { .out = out, .limit = limit };
	TRY(rejects_runs(tmp, l, run_warehouse_name(tmp, settings), run, &runs));
	TRY(lake_open(tmp, settings, &lake));
	for (size_t i = 0; i < runs->n && !any; i++) {
		const char *prefix = rows_get(runs, i, "prefix");

		if (prefix)
			TRY(rejects_read(lake, prefix, &to, &any));
		out->run = any ? rows_int(runs, i, "run") : run;
	}
	rejects_rules(&to);
	if (out->rows->n)
		qsort(out->rows->cells, out->rows->n, 5 * sizeof(*out->rows->cells), row_compare);
	return NULL;
}
