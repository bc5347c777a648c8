#include "view/undo.h"

#include "base/mem.h"
#include "warehouse/warehouse.h"

static struct rows *
undo_table(void *mem, const char *const *names, const enum rows_type *types, size_t n)
{
	struct rows *r = rows_new(mem, n);

	for (size_t i = 0; i < n; i++)
		rows_column(r, i, names[i], types[i]);
	return r;
}

static struct rows *
undo_head(void *mem, const struct undo *u)
{
	static const char *const names[] = { "run", "k", "published_at", "new_k", "back_to" };
	static const enum rows_type types[] = { ROWS_INT, ROWS_INT, ROWS_TEXT, ROWS_INT,
						ROWS_TEXT };
	struct rows *r = undo_table(mem, names, types, 5);
	const char *cells[] = { mem_printf(mem, "%lld", u->run), mem_printf(mem, "%lld", u->k),
				u->published_at, mem_printf(mem, "%lld", u->now_k + 1),
				u->back.at };

	rows_add(r, cells);
	return r;
}

/* A table that nothing happens to is not locked; the watermark always is, against other runs. */
static struct rows *
undo_tables(void *mem, const struct rows *counted)
{
	static const char *const names[] = { "table", "removed", "inserted", "updated", "lock" };
	static const enum rows_type types[] = { ROWS_TEXT, ROWS_INT, ROWS_INT, ROWS_INT,
						ROWS_TEXT };
	static const char *const watermark[] = { "watermark", "0", "0", "1",
						 "its row; no other run publishes" };
	struct rows *r = undo_table(mem, names, types, 5);

	for (size_t i = 0; i < counted->n; i++) {
		long long rows = rows_int(counted, i, "removed") +
				 rows_int(counted, i, "inserted") + rows_int(counted, i, "updated");
		const char *cells[] = { rows_get(counted, i, "table"),
					rows_get(counted, i, "removed"),
					rows_get(counted, i, "inserted"),
					rows_get(counted, i, "updated"),
					rows ? "these rows; readers see the old" : NULL };

		rows_add(r, cells);
	}
	rows_add(r, watermark);
	return r;
}

struct err *
undo_fetch(void *mem, const struct settings *settings, long long run, struct undo_view *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct warehouse *w;
	struct rows *counted;
	struct undo u;

	TRY(warehouse_open(tmp, settings, "bikeops_run", "bikeops undo", &w));
	TRY(warehouse_undo_find(mem, w, run, 0, &u));
	TRY(warehouse_undo_rows(tmp, w, &u, &counted));
	out->undo = undo_head(mem, &u);
	out->tables = undo_tables(mem, counted);
	return plan_after(mem, settings, &u.back, BATCH_INCREMENTAL, NULL, NULL, &out->next);
}
