#include "base/log.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/strbuf.h"
#include "base/time.h"
#include "source/import_s3.h"

#include <string.h>

#define IMPORT_CHUNK   (64 * 1024)
#define IMPORT_TELL_MS 250

struct import {
	const char *dir;
	const char *timezone;
	bool replace, by_s3;
	struct progress *progress;
	const char **files; /* [n] of sql/source/import: "brands" */
	size_t n;
	long long rows, bytes;
	long long told_ms;
};

/* Everything anew: the old tables with their rows, and what was captured of them, go. */
static struct err *
create_anew(struct source *s)
{
	AUTO_MEM void *tmp = mem_root();
	const char **tables;
	size_t n;

	TRY(pg_script(s->pg, sql_text("source/drop")));
	TRY(pg_script(s->pg, sql_text("source/schema")));
	TRY(pg_script(s->pg, sql_text("source/keys")));
	TRY(pg_script(s->pg, sql_text("source/audit")));
	sql_list(tmp, "source/audit", &tables, &n);
	for (size_t i = 0; i < n; i++)
		TRY(pg_script(s->pg, sql_text(mem_printf(tmp, "source/audit/%s", tables[i]))));
	return NULL;
}

/* Has it rows?  One that is not there has none. */
static struct err *
create_look(struct source *s, bool *filled)
{
	AUTO_MEM void *tmp = mem_root();
	const char **steps;
	struct rows *r;
	size_t n;

	sql_split(tmp, sql_text("source/filled"), &steps, &n);
	TRY(pg_exec(s->pg, steps[0]));
	TRY(pg_query(tmp, s->pg, steps[1], NULL, 0, &r));
	*filled = rows_bool(r, 0, "filled");
	return NULL;
}

static struct err *
create_job(struct source *s, void *arg)
{
	bool filled;

	(void)arg;
	TRY(create_look(s, &filled));
	if (filled)
		return err_hint(
			err_new(ERR_REFUSED, "schema 'store' holds rows already"),
			"'bikeops setup --recreate --dataset DIR' puts new rows in place of all of them");
	return create_anew(s);
}

struct err *
source_create(struct source *s)
{
	return source_transact(s, "begin", create_job, NULL);
}

/* --- import --- */

static void
import_tell(struct import *im, bool now)
{
	long long tick = time_tick_ms();

	if (!now && tick - im->told_ms < IMPORT_TELL_MS)
		return;
	im->told_ms = tick;
	progress_tell(im->progress, "import_source", im->rows, im->bytes, -1);
}

/* Where each column of the table stands in the file; the two must have the same names. */
static struct err *
import_match(void *mem, const char *name, const struct rows *columns,
	     const struct csv_record *header, size_t **place)
{
	*place = mem_array(mem, size_t, columns->n);
	for (size_t i = 0; i < header->n; i++) {
		const char *column = header->values[i].text;
		size_t c = 0;

		while (c < columns->n && strcmp(column, rows_cell(columns, c, 0)))
			c++;
		if (c == columns->n)
			return csv_fault(name, 1, column, "no such column is known");
		if ((*place)[c])
			return csv_fault(name, 1, column, "the column stands there twice");
		(*place)[c] = i + 1;
	}
	for (size_t c = 0; c < columns->n; c++) {
		if (!(*place)[c]--)
			return csv_fault(name, 1, rows_cell(columns, c, 0),
					 "the column is missing");
	}
	return NULL;
}

/* One value in the text format of COPY: NULL is a word without quotes. */
static void
import_value(struct strbuf *out, const struct csv_value *v)
{
	strbuf_char(out, '\t');
	if (!v->quoted && !strcmp(v->text, "NULL")) {
		strbuf_str(out, "\\N");
		return;
	}
	for (const char *at = v->text; *at;) {
		size_t plain = strcspn(at, "\\\t\n\r");

		strbuf_add(out, at, plain);
		at += plain;
		if (*at) {
			strbuf_char(out, '\\');
			strbuf_char(out, *at == '\t'   ? 't'
					 : *at == '\n' ? 'n'
					 : *at == '\r' ? 'r'
						       : '\\');
			at++;
		}
	}
}

/* Records to the running COPY, each behind its line. */
static struct err *
import_feed(struct import *im, struct pg *pg, struct csv *csv, const size_t *place)
{
	AUTO_MEM void *tmp = mem_root();
	long long before = im->bytes;
	const struct csv_record *r;
	struct strbuf out;

	strbuf_init(&out, tmp, 16 << 20);
	do {
		TRY(csv_next(csv, &r));
		if (r) {
			strbuf_printf(&out, "%lld", r->line);
			for (size_t i = 0; i < r->n; i++)
				import_value(&out, &r->values[place[i]]);
			strbuf_char(&out, '\n');
			im->rows++;
		}
		if (!r || out.len > IMPORT_CHUNK) {
			TRY(pg_copy_put(pg, out.s, out.len));
			strbuf_reset(&out);
			im->bytes = before + csv_bytes(csv);
			import_tell(im, false);
		}
	} while (r);
	return NULL;
}

static struct err *
import_copy(struct import *im, struct pg *pg, const char *copy, struct csv *csv,
	    const size_t *place, long long *rows)
{
	TRY(pg_copy_in(pg, copy));
	struct err *e = import_feed(im, pg, csv, place);
	return err_first(e, pg_copy_end(pg, e ? "the file is broken" : NULL, rows));
}

static struct err *
import_file(struct import *im, struct source *s, const char *file)
{
	AUTO_MEM void *tmp = mem_root();
	const char *name = mem_printf(tmp, "%s.csv", file);
	struct pg *pg = s->pg;
	const char **steps;
	size_t n_steps, *place;
	struct rows *columns;
	long long rows;
	struct csv *csv;

	sql_split(tmp, sql_text(mem_printf(tmp, "source/import/%s", file)), &steps, &n_steps);
	TRY(csv_open(tmp, mem_printf(tmp, "%s/%s", im->dir, name), name, &csv));
	TRY(pg_exec(pg, steps[0]));
	TRY(pg_query(tmp, pg, sql_text("source/import_columns"), &file, 1, &columns));
	TRY(import_match(tmp, name, columns, csv_header(csv), &place));
	if (im->by_s3) {
		TRY(import_s3_file(s, file, csv, &rows));
		im->rows += rows;
	} else {
		TRY(import_copy(im, pg, steps[1], csv, place, &rows));
	}
	return rows ? NULL : csv_fault(name, 2, NULL, "the file has no records");
}

/* Who asked for aws_s3 is told where it cannot be. */
static struct err *
import_way(struct import *im, struct source *s)
{
	AUTO_MEM void *tmp = mem_root();
	const char *why;

	if (strcmp(settings_get(s->settings, "source"), "aws_s3"))
		return NULL;
	TRY(import_s3_ready(tmp, s, &why));
	im->by_s3 = !why;
	if (why)
		log_warn("the files come by COPY through this host, as %s", why);
	return NULL;
}

/* What only the whole set shows: values first, then keys, then references. */
static struct err *
import_check(struct import *im, struct pg *pg)
{
	AUTO_MEM void *tmp = mem_root();
	const char **kinds;
	struct rows *r;
	size_t n;

	sql_split(tmp, sql_text("source/import_faults"), &kinds, &n);
	for (size_t k = 0; k < n; k++) {
		for (size_t i = 0; i < im->n; i++) {
			TRY(pg_query(tmp, pg, kinds[k], &im->files[i], 1, &r));
			if (r->n)
				return csv_fault(mem_printf(tmp, "%s.csv", im->files[i]),
						 rows_int(r, 0, "line"), rows_get(r, 0, "col"),
						 rows_get(r, 0, "reason"));
		}
	}
	return NULL;
}

static struct err *
import_convert(struct import *im, struct pg *pg)
{
	AUTO_MEM void *tmp = mem_root();

	TRY(pg_exec(pg, sql_text("source/import_unkey")));
	for (size_t i = 0; i < im->n; i++) {
		const char **steps;
		size_t n;

		sql_split(tmp, sql_text(mem_printf(tmp, "source/import/%s", im->files[i])), &steps,
			  &n);
		TRY(pg_exec(pg, steps[2]));
	}
	TRY(pg_script(pg, sql_text("source/keys")));
	return pg_exec(pg, sql_text("source/import_end"));
}

static struct err *
import_job(struct source *s, void *arg)
{
	struct import *im = arg;

	if (im->replace)
		TRY(create_anew(s));
	TRY(source_settings(s->pg, true, "", im->timezone, "", "", "{}"));
	TRY(pg_script(s->pg, sql_text("source/import_begin")));
	TRY(import_way(im, s));
	for (size_t i = 0; i < im->n; i++)
		TRY(import_file(im, s, im->files[i]));
	TRY(import_check(im, s->pg));
	TRY(import_convert(im, s->pg));
	import_tell(im, true);
	return NULL;
}

struct err *
source_import(struct source *s, const char *dir, const char *business_timezone, bool replace,
	      struct progress *progress)
{
	AUTO_MEM void *tmp = mem_root();
	struct import im = {
		.dir = dir, .timezone = business_timezone, .replace = replace, .progress = progress
	};

	sql_list(tmp, "source/import", &im.files, &im.n);
	return source_transact(s, "begin", import_job, &im);
}
