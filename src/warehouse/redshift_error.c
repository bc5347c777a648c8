#include "base/mem.h"
#include "base/sql.h"
#include "warehouse/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 60 /* bytes of a value in a message */

/* --- the value of a Parquet object that is too long --- */

/* Reads CSV rows: the first field of a column with more bytes than fit. */
struct finder {
	struct sink sink;
	size_t place; /* of the column, from 1 */
	size_t room;  /* bytes that the column takes */
	size_t at;    /* the field being read, from 1 */
	size_t len;   /* its bytes so far */
	bool opened;  /* the field began with a quote */
	bool quoted;  /* inside quotes */
	bool found;
	char value[SHOWN + 1];
};

static void
finder_field(struct finder *f, bool line_ends)
{
	f->found |= f->at == f->place && f->len > f->room;
	f->at = line_ends ? 1 : f->at + 1;
	f->len = 0;
	f->opened = f->quoted = false;
}

/* Not the quote that opens a field, nor one that may close it: the second of two counts. */
static bool
finder_skips(struct finder *f)
{
	bool opens = !f->opened;

	f->opened = true;
	f->quoted = opens || !f->quoted;
	return opens || !f->quoted;
}

static struct err *
finder_write(struct sink *sink, const void *data, size_t n)
{
	struct finder *f = (struct finder *)sink;
	const char *s = data;

	for (size_t i = 0; i < n && !f->found; i++) {
		char c = s[i];

		if (!f->quoted && (c == ',' || c == '\n')) {
			finder_field(f, c == '\n');
			continue;
		}
		if (c == '"' && finder_skips(f))
			continue;
		if (f->at == f->place && f->len < SHOWN)
			snprintf(f->value + f->len, sizeof(f->value) - f->len, "%c", c);
		f->len++;
	}
	return NULL;
}

/* What Spectrum says of a text: "The length of the data column NAME is longer than the length
 * defined in the table. Table: 255, Data: 292, File name: https://..". */
struct too_long {
	const char *column;
	long room, bytes;
};

static bool
parse_too_long(void *mem, const char *text, struct too_long *out)
{
	const char *name = strstr(text, "The length of the data column ");
	const char *room = name ? strstr(name, "Table: ") : NULL;
	const char *bytes = room ? strstr(room, "Data: ") : NULL;

	if (!bytes)
		return false;
	name += strlen("The length of the data column ");
	out->column = mem_strndup(mem, name, strcspn(name, " "));
	out->room = strtol(room + strlen("Table: "), NULL, 10);
	out->bytes = strtol(bytes + strlen("Data: "), NULL, 10);
	return true;
}

static struct err *
find_value(const struct load *l, const struct staged *t, const struct too_long *what,
	   struct finder *f, const char **key)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = { t->table, what->column };
	struct rows *r;

	TRY(warehouse_ready(l->w));
	TRY(pg_query(tmp, l->w->pg, sql_text("warehouse/redshift_column"), params, 2, &r));
	*f = (struct finder){ .sink.write = finder_write, .at = 1, .room = (size_t)what->room };
	f->place = r->n ? (size_t)rows_int(r, 0, "place") : 0;
	for (size_t i = 0; i < t->n_keys && !f->found; i++) {
		*key = t->keys[i];
		f->at = 1;
		TRY(engine_rows(l->engine, t->keys[i], &f->sink));
	}
	return NULL;
}

/* The table that a chain of errors speaks of. */
static const struct staged *
table_of(const struct load *l, const char *text)
{
	AUTO_MEM void *tmp = mem_root();

	for (size_t i = 0; i < l->staging->n; i++) {
		if (strstr(text, mem_printf(tmp, "'%s'", l->staging->tables[i].table)))
			return &l->staging->tables[i];
	}
	return NULL;
}

static struct err *
explain_too_long(const struct load *l, const char *text, const struct too_long *what)
{
	AUTO_MEM void *tmp = mem_root();
	const struct staged *t = table_of(l, text);
	const char *key = NULL;
	struct finder f = { 0 };

	if (t && l->engine)
		err_free(find_value(l, t, what, &f, &key)); /* without it the rest is still true */
	return err_hint(
		err_new(ERR_DATA,
			"cannot load '%s': column '%s' takes %ld bytes and has %ld in '%s': '%s'",
			t ? t->table : "staging", what->column, what->room, what->bytes,
			key ? lake_name(tmp, l->lake, LAKE_PROCESSED, key) : "its objects",
			f.found ? f.value : "?"),
		"Redshift counts bytes, not characters: shorten it in the shop");
}

/* --- what SYS_LOAD_ERROR_DETAIL has --- */

static struct err *
explain_row(const struct load *l, struct err *e)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r;
	struct err *lost = warehouse_ready(l->w);

	if (!lost)
		lost = pg_query(tmp, l->w->pg, sql_text("warehouse/redshift_load_error"), NULL, 0,
				&r);
	if (lost || !r->n)
		return err_first(e, lost);
	return err_wrap(e, "line %s of '%s', column '%s' (%s %s): %s", rows_get(r, 0, "line"),
			rows_get(r, 0, "object"), rows_get(r, 0, "column_name"),
			rows_get(r, 0, "column_type"), rows_get(r, 0, "column_length"),
			rows_get(r, 0, "message"));
}

struct err *
redshift_explain(const struct load *l, struct err *e)
{
	AUTO_MEM void *tmp = mem_root();
	char *text = err_text(tmp, e);
	struct too_long what;

	if (parse_too_long(tmp, text, &what)) {
		err_free(e);
		return explain_too_long(l, text, &what);
	}
	if (strstr(text, "S3ServiceException") &&
	    (strstr(text, "AccessDenied") || strstr(text, "not authorized to perform")))
		return err_hint(e, "redshift_role_arn needs s3:GetObject and s3:ListBucket on the "
				   "processed bucket");
	return strstr(text, "sys_load_error_detail") ? explain_row(l, e) : e;
}
