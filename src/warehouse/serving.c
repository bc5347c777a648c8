#include "warehouse/serving.h"

#include "base/mem.h"
#include "base/sql.h"

#include <string.h>

bool
serving_has_history(const struct serving *s)
{
	return template_get(&s->names, "id") != NULL;
}

bool
serving_is_fact(const struct serving *s)
{
	return !strncmp(s->name, "fact_", 5);
}

bool
serving_is_kept(const struct serving *s)
{
	return template_get(&s->names, "row") != NULL;
}

static struct err *
serving_read(void *mem, const char *name, struct serving *s)
{
	s->name = name;
	s->file = mem_printf(mem, "publish/%s", name);
	TRY(template_read(mem, sql_text(s->file), &s->names));
	template_set(mem, &s->names, "table", name);
	if (serving_has_history(s)) {
		template_set(mem, &s->names, "row", template_get(&s->names, "key"));
		template_set(mem, &s->names, "tbl", template_get(&s->names, "entity"));
	}
	return NULL;
}

struct err *
serving_tables(void *mem, struct serving **list, size_t *n)
{
	const char **names;
	size_t n_names;

	*n = 0;
	sql_list(mem, "publish", &names, &n_names);
	*list = mem_array(mem, struct serving, n_names);
	for (size_t i = 0; i < n_names; i++) {
		if (!strncmp(names[i], "dim_", 4) || !strncmp(names[i], "fact_", 5))
			TRY(serving_read(mem, names[i], &(*list)[(*n)++]));
	}
	return NULL;
}

static struct err *
run_statements(struct pg *pg, const char *script)
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

struct err *
serving_run(struct pg *pg, const char *script)
{
	return run_statements(pg, sql_text(script));
}

struct err *
serving_fill(struct pg *pg, const char *script, const struct serving *s)
{
	AUTO_MEM void *tmp = mem_root();
	char *text;

	TRY(template_fill(tmp, sql_text(script), &s->names, &text));
	return run_statements(pg, text);
}
