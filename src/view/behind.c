#include "view/behind.h"

#include "base/mem.h"
#include "run/run.h"
#include "source/source.h"

static struct rows *
behind_unknown(void *mem, const struct err *e)
{
	static const char *const names[] = { "state",	  "changes", "more",
					     "oldest_at", "read_at", "note" };
	static const enum rows_type types[] = { ROWS_TEXT, ROWS_INT,  ROWS_BOOL,
						ROWS_TEXT, ROWS_TEXT, ROWS_TEXT };
	struct rows *r = rows_new(mem, 6);
	const char *cells[6] = { "unknown", [5] = err_text(mem, e) };

	for (size_t i = 0; i < 6; i++)
		rows_column(r, i, names[i], types[i]);
	rows_add(r, cells);
	return r;
}

static struct err *
behind_ask(void *mem, const struct settings *settings, struct rows **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct source *s;

	TRY(source_open(tmp, settings, "bikeops_read", "bikeops behind", &s));
	return source_behind(mem, s, run_warehouse_name(tmp, settings), out);
}

struct err *
behind_fetch(void *mem, const struct settings *settings, const char *at, struct rows **out)
{
	struct err *e = at ? err_new(ERR_NOTFOUND, "nobody kept how it was at %s", at)
			   : behind_ask(mem, settings, out);

	if (!e || e->code == ERR_CANCELLED)
		return e;
	*out = behind_unknown(mem, e);
	err_free(e);
	return NULL;
}
