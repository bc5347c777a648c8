#include "base/sql.h"
#include "base/mem.h"
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

static struct err *
list(struct cmd *c)
{
	struct cmd_table table = { "sql", NULL, rows_new(c->mem, 1) };

	rows_column(table.rows, 0, "name", ROWS_TEXT);
	for (const struct sql_file *f = sql_files; f->name; f++)
		rows_add(table.rows, &f->name);
	return cmd_print(c, "sql", &table, 1);
}

/* Letters to change, add or take away to make one of the other (Levenshtein). */
static size_t
distance(void *mem, const char *a, const char *b)
{
	size_t n = strlen(b), *row = mem_array(mem, size_t, n + 1);

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t above = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = above + (a[i - 1] != b[j - 1]);

			above = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[n];
}

static bool
is_close(void *mem, const char *name, const char *file)
{
	const char *last = strrchr(file, '/');

	return !strcmp(name, last ? last + 1 : file) || distance(mem, name, file) <= 3;
}

static struct err *
unknown(void *mem, const char *name)
{
	struct err *e = err_new(ERR_NOTFOUND, "there is no SQL text '%s'", name);
	char *close = NULL;

	for (const struct sql_file *f = sql_files; f->name; f++) {
		if (is_close(mem, name, f->name))
			close = mem_printf(mem, "%s%s'%s'", close ? close : "", close ? ", " : "",
					   f->name);
	}
	if (close)
		return err_hint(e, "near to it: %s", close);
	return err_hint(e, "'bikeops sql' lists the names");
}

static struct err *
run_sql(struct cmd *c)
{
	const char *text = c->argc ? sql_find(c->argv[0]) : NULL;
	struct rows *r = rows_new(c->mem, 2);
	struct cmd_table table = { "sql", NULL, r };

	if (!c->argc)
		return list(c);
	if (!text)
		return unknown(c->mem, c->argv[0]);
	if (c->output == CMD_TABLE) {
		fputs(text, stdout);
		return cmd_flush();
	}
	rows_column(r, 0, "name", ROWS_TEXT);
	rows_column(r, 1, "text", ROWS_TEXT);
	rows_add(r, (const char *const[]){ c->argv[0], text });
	return cmd_print(c, "sql", &table, 1);
}

const struct command cmd_sql = {
	.name = "sql",
	.args = "[NAME]",
	.summary = "Print the SQL that would run",
	.help = "List the names of all SQL texts, or print one: what would run, with sql_dir where "
		"that is set.",
	.max_args = 1,
	.run = run_sql,
};
