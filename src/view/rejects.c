#include "view/rejects.h"

#include "base/mem.h"
#include "lake/lake.h"
#include "run/run.h"
#include "source/csv.h"
#include "view/runs.h"

#include <stdio.h>
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

/* A record by the names of its header; one without a value is NULL. */
static void
rejects_add(struct rejects *out, const struct csv_record *header, const struct csv_record *r)
{
	const char *cells[5] = { NULL };

	for (size_t i = 0; i < header->n; i++) {
		for (size_t c = 0; c < 5; c++) {
			if (!strcmp(header->values[i].text, rejects_columns[c]) &&
			    (r->values[i].len || r->values[i].quoted))
				cells[c] = r->values[i].text;
		}
	}
	rows_add(out->rows, cells);
}

static struct err *
rejects_object(struct lake *lake, const char *key, long long limit, struct rejects *out)
{
	AUTO_MEM void *tmp = mem_root();
	const struct csv_record *r;
	struct csv *csv;
	char *path;

	TRY(lake_local_path(tmp, lake, LAKE_PROCESSED, key, NULL, &path));
	TRY(csv_open(tmp, path, key, &csv));
	TRY(csv_next(csv, &r));
	while (r) {
		if (out->n++ < limit)
			rejects_add(out, csv_header(csv), r);
		TRY(csv_next(csv, &r));
	}
	return NULL;
}

/* Those of the last attempt that transformed; *any: did one of this run? */
static struct err *
rejects_read(struct lake *lake, const char *prefix, long long limit, struct rejects *out, bool *any)
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
			TRY(rejects_object(lake, list[i].key, limit, out));
	}
	*any = last > 0;
	return NULL;
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

	*out = (struct rejects){ .run = run, .rows = rows_new(mem, 5) };
	for (size_t i = 0; i < 5; i++)
		rows_column(out->rows, i, rejects_columns[i], ROWS_TEXT);
	TRY(rejects_runs(tmp, l, run_warehouse_name(tmp, settings), run, &runs));
	TRY(lake_open(tmp, settings, &lake));
	for (size_t i = 0; i < runs->n && !any; i++) {
		const char *prefix = rows_get(runs, i, "prefix");

		if (prefix)
			TRY(rejects_read(lake, prefix, limit, out, &any));
		out->run = any ? rows_int(runs, i, "run") : run;
	}
	return NULL;
}
