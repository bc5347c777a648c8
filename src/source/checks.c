#include "base/mem.h"
#include "base/sql.h"
#include "source/session.h"

#include <string.h>

struct err *
source_consumed(struct source *s, const char *warehouse, const struct watermark *wm)
{
	const char *params[] = { warehouse, wm->s, wm->business_timezone };

	TRY(source_ready(s));
	return pg_query(s, s->pg, sql_text("window/consumed"), params, 3, NULL);
}

struct err *
source_counts(void *mem, struct source *s, struct rows **out)
{
	TRY(source_ready(s));
	return pg_query(mem, s->pg, sql_text("source/counts"), NULL, 0, out);
}

struct err *
source_behind(void *mem, struct source *s, const char *warehouse, struct rows **out)
{
	TRY(source_ready(s));
	return pg_query(mem, s->pg, sql_text("source/behind"), &warehouse, 1, out);
}

struct err *
source_checks(void *mem, struct source *s, const struct watermark *wm, struct rows **out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = { wm && wm->k ? wm->epoch : NULL, wm && wm->k ? wm->s : NULL };
	struct rows *server, *window;

	TRY(source_ready(s));
	TRY(pg_query(tmp, s->pg, sql_text("source/checks"), NULL, 0, &server));
	if (!strcmp(rows_get(server, server->n - 1, "state"), "ok")) {
		TRY(pg_query(tmp, s->pg, sql_text("window/checks"), params, 2, &window));
		for (size_t i = 0; i < window->n; i++)
			rows_add(server, &window->cells[i * window->n_cols]);
	}
	mem_move(mem, server);
	*out = server;
	return NULL;
}
