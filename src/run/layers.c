#include "run/layers.h"

#include "base/mem.h"

#include <string.h>

static struct rows *
counts_new(void *mem)
{
	struct rows *r = rows_new(mem, 2);

	rows_column(r, 0, "entity", ROWS_TEXT);
	rows_column(r, 1, "rows", ROWS_INT);
	return r;
}

/* A layer's row counts lines, whatever the file or table is called. */
static void
counts_add(struct rows *r, const char *entity, long long rows)
{
	bool lines = !strcmp(entity, "orders") || !strcmp(entity, "sales");
	const char *cells[] = { lines ? "order_lines" : entity, mem_printf(r, "%lld", rows) };

	rows_add(r, cells);
}

struct err *
layers_raw(struct run *run)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r = counts_new(tmp);
	const struct batch *b = run->batch;

	for (size_t i = 0; i < b->n_files; i++) {
		const char *entity = b->files[i].entity;

		if (strcmp(entity, "dirty_orders") && strcmp(entity, "keys") &&
		    batch_next(b, entity, NULL) == &b->files[i])
			counts_add(r, entity, batch_rows(b, entity));
	}
	return ledger_layer_put(run->ledger, run->id, "raw", r);
}

struct err *
layers_staged(struct run *run, const char *layer)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r = counts_new(tmp);

	for (size_t i = 0; i < run->staging->n; i++)
		counts_add(r, run->staging->tables[i].entity, run->staging->tables[i].rows);
	return ledger_layer_put(run->ledger, run->id, layer, r);
}
