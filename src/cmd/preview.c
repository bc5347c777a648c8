#include "cmd/preview.h"

#include "base/mem.h"
#include "base/time.h"
#include "cmd/people.h"

#include <string.h>

/* "2026-07-15T14:04:12Z, 3 h ago" of a time with fractions. */
static char *
preview_time(void *mem, const char *iso)
{
	long long us;

	if (!time_parse(iso, &us))
		return mem_strdup(mem, iso);
	char *second = time_iso(mem, us);
	return mem_printf(mem, "%s, %s", second, people_ago(mem, second));
}

struct rows *
preview_window(void *mem, const struct rows *window)
{
	const char *mode = rows_get(window, 0, "mode"), *why = rows_get(window, 0, "why");
	const char *changes = rows_get(window, 0, "changes"), *at = rows_get(window, 0, "since");
	const char *since = at ? mem_printf(mem, " since %s", preview_time(mem, at)) : "";
	struct rows *list = NULL;

	people_add(mem, &list, "batch",
		   mem_printf(mem, "%s, %s, by %s", rows_get(window, 0, "k"), mode,
			      rows_get(window, 0, "engine")));
	if (why)
		people_add(mem, &list, "reason", why);
	people_add(mem, &list, "changed rows",
		   changes ? mem_printf(mem, "%s%s", changes, since) : "all are read");
	if (changes)
		people_add(mem, &list, "orders to read again", rows_get(window, 0, "dirty_orders"));
	return list;
}

/* The same columns under names for people. */
static struct rows *
preview_named(void *mem, const struct rows *r, const char *const *names)
{
	struct rows *out = rows_new(mem, r->n_cols);

	for (size_t i = 0; i < r->n_cols; i++)
		rows_column(out, i, names[i], r->types[i]);
	for (size_t row = 0; row < r->n; row++)
		rows_add(out, &r->cells[row * r->n_cols]);
	return out;
}

struct rows *
preview_rows(void *mem, const struct rows *rows)
{
	static const char *const names[] = { "entity", "rows", "goes into" };

	return preview_named(mem, rows, names);
}

struct rows *
preview_undo(void *mem, const struct rows *undo)
{
	const char *back = rows_get(undo, 0, "back_to");
	struct rows *list = NULL;

	people_add(mem, &list, "takes back",
		   mem_printf(mem, "run %s, batch %s, published %s", rows_get(undo, 0, "run"),
			      rows_get(undo, 0, "k"),
			      people_ago(mem, rows_get(undo, 0, "published_at"))));
	if (back)
		people_add(mem, &list, "to how it was at", preview_time(mem, back));
	people_add(mem, &list, "as batch", rows_get(undo, 0, "new_k"));
	return list;
}

struct rows *
preview_tables(void *mem, const struct rows *tables)
{
	static const char *const names[] = { "table", "removed", "put back", "changed", "locked" };

	return preview_named(mem, tables, names);
}
