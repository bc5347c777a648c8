#include "base/mem.h"
#include "base/sql.h"
#include "pipeline/template.h"
#include "warehouse/load.h"

static struct err *
postgres_put(struct sink *sink, const void *data, size_t n)
{
	struct loader *loader = (struct loader *)sink;

	loader->bytes += (long long)n;
	if (loader->step)
		progress_tell(loader->l->progress, loader->step, 0, loader->bytes, loader->total);
	return pg_copy_put(loader->l->w->pg, data, n);
}

/* A statement on one staging table. */
static struct err *
on_table(void *mem, const char *name, const char *table, char **sql)
{
	struct template t = { 0 };

	template_set(mem, &t, "table", table);
	return template_fill(mem, sql_text(name), &t, sql);
}

struct err *
postgres_begin(void *mem, struct loader *loader)
{
	char *sql;

	loader->sink.write = postgres_put;
	TRY(on_table(mem, "warehouse/copy", loader->table, &sql));
	return pg_copy_in(loader->l->w->pg, sql);
}

/* The table then has exactly these rows, and statistics. */
struct err *
postgres_end(struct loader *loader, struct err *e, long long expected)
{
	AUTO_MEM void *tmp = mem_root();
	struct pg *pg = loader->l->w->pg;
	long long rows;
	char *sql;

	if (e)
		return err_first(e, pg_copy_end(pg, "given up", NULL));
	TRY(pg_copy_end(pg, NULL, &rows));
	if (rows != expected)
		return err_new(ERR_DATA, "'%s' got %lld rows, not %lld", loader->table, rows,
			       expected);
	TRY(on_table(tmp, "warehouse/analyze", loader->table, &sql));
	return pg_exec(pg, sql);
}
