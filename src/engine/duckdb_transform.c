#include "engine/duckdb.h"

#include "base/cancel.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/strbuf.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES (1 << 18)
#define HEADER_MAX  4096 /* bytes of a first line */
#define VIEW_MAX    (16U << 20)

/* --- raw files --- */

/* Bytes, sum and first line of a file that is read once. */
static struct err *
file_measure(const char *path, long long *bytes, char hex[DIGEST_HEX], struct strbuf *header)
{
	AUTO_MEM void *tmp = mem_root();
	char *block = mem_array(tmp, char, BLOCK_BYTES);
	struct digest *d = digest_new(tmp);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct err *e = NULL;
	bool in_header = true;
	ssize_t n;

	*bytes = 0;
	if (fd < 0)
		return err_sys(ERR_DATA, "cannot read '%s'", path);
	while (!e && (n = read(fd, block, BLOCK_BYTES)) > 0) {
		const char *end = memchr(block, '\n', (size_t)n);

		if (in_header)
			strbuf_add(header, block, end ? (size_t)(end - block) : (size_t)n);
		in_header = in_header && !end;
		digest_update(d, block, (size_t)n);
		*bytes += n;
		e = cancel_check();
	}
	if (!e && n < 0)
		e = err_sys(ERR_DATA, "cannot read '%s'", path);
	close(fd);
	digest_hex(d, hex);
	return e;
}

static struct err *
file_check(struct engine *e, const struct batch_file *f)
{
	AUTO_MEM void *tmp = mem_root();
	char *name = lake_name(tmp, e->lake, LAKE_RAW, f->key), *path, hex[DIGEST_HEX];
	struct strbuf header;
	long long bytes;

	strbuf_init(&header, tmp, HEADER_MAX);
	TRY(lake_local_path(tmp, e->lake, LAKE_RAW, f->key, f->etag, &path));
	TRY(file_measure(path, &bytes, hex, &header));
	if (bytes != f->bytes)
		return err_new(ERR_DATA, "'%s' has %lld bytes, its manifest says %lld", name, bytes,
			       f->bytes);
	if (f->sha256 && strcmp(hex, f->sha256))
		return err_new(ERR_DATA, "'%s' has another content than its manifest says", name);
	if (!f->headless && strcmp(header.s, f->header))
		return err_new(ERR_DATA, "'%s' begins with '%s', its manifest says '%s'", name,
			       header.s, f->header);
	return NULL;
}

/* Its columns as text; an unquoted empty field is NULL, a quoted one is ''. */
static struct err *
file_select(struct engine *e, const struct batch_file *f, struct strbuf *sql)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf columns;
	char *path;

	TRY(lake_local_path(tmp, e->lake, LAKE_RAW, f->key, f->etag, &path));
	strbuf_init(&columns, tmp, 4 * HEADER_MAX);
	for (const char *at = f->header; *at; at += *at == ',') {
		char *name = mem_strndup(tmp, at, strcspn(at, ","));

		strbuf_printf(&columns, "%s%s: 'VARCHAR'", columns.len ? ", " : "",
			      engine_quoted(tmp, name, '"'));
		at += strlen(name);
	}
	strbuf_printf(
		sql,
		"SELECT *, %s AS _object FROM read_csv(%s, auto_detect=false, header=%s, "
		"delim=',', quote='\"', escape='\"', strict_mode=true, "
		"allow_quoted_nulls=false, nullstr='', hive_partitioning=false, columns={%s})",
		engine_quoted(tmp, f->key, '\''), engine_quoted(tmp, path, '\''),
		f->headless ? "false" : "true", columns.s);
	return NULL;
}

/* raw_<entity>: the rows of all its files. */
static struct err *
entity_view(struct engine *e, const struct batch *b, const char *entity)
{
	AUTO_MEM void *tmp = mem_root();
	const struct batch_file *f = NULL;
	struct strbuf sql;

	strbuf_init(&sql, tmp, VIEW_MAX);
	strbuf_printf(&sql, "CREATE OR REPLACE VIEW %s AS ",
		      engine_quoted(tmp, mem_printf(tmp, "raw_%s", entity), '"'));
	while ((f = batch_next(b, entity, f))) {
		if (f != batch_next(b, entity, NULL))
			strbuf_str(&sql, " UNION ALL ");
		TRY(file_select(e, f, &sql));
	}
	return engine_exec(e, sql.s);
}

static struct err *
batch_view(struct engine *e, const struct batch *b)
{
	AUTO_MEM void *tmp = mem_root();

	char *sql = mem_printf(tmp,
			       "CREATE OR REPLACE VIEW batch AS SELECT %lld AS k, %lld AS run, "
			       "nullif(%d, 0) AS first_year, nullif(%d, 0) AS last_year",
			       b->next.k, b->run, b->prev.first_year, b->prev.last_year);

	return engine_exec(e, sql);
}

/* --- staging tables --- */

/* One file of sql/transform at work. */
struct transform {
	struct engine *e;
	const struct batch *b;
	struct staging *staging; /* owns what is made */
	const char *text;
	const char *raw; /* the entity it reads, or NULL: other staging tables */
	long long raw_rows;
	struct staged *s;
};

/* Rows that became an object; key is NULL, and no object there, where there were none. */
struct copied {
	const char *key;
	long long rows;
	long long bytes;
};

static struct err *
transform_copy(struct transform *t, const char *rows, const char *format, const char *file,
	       struct copied *out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *key = mem_printf(t->staging, "%s/a%d/%s", t->b->prefix, t->b->attempt, file);
	struct copied c = { 0 };
	struct stat st;
	char *work, *sql;

	TRY(lake_work_path(tmp, t->e->lake, LAKE_PROCESSED, key, &work));
	sql = mem_printf(tmp, "COPY (%s) TO %s (%s)", rows, engine_quoted(tmp, work, '\''), format);
	TRY(engine_query(t->e, sql, NULL, &c.rows));
	if (c.rows) {
		if (stat(work, &st))
			return err_sys(ERR_DATA, "cannot find '%s'", work);
		TRY(lake_adopt(t->e->lake, LAKE_PROCESSED, key, work));
		c.key = key;
		c.bytes = st.st_size;
	}
	*out = c;
	return NULL;
}

/* The rows that were not staged: counted, and those that broke a rule kept. */
static struct err *
transform_rest(struct transform *t)
{
	AUTO_MEM void *tmp = mem_root();
	struct copied rejects;
	long long rest;
	char *sql;

	sql = mem_printf(tmp,
			 "CREATE OR REPLACE TEMP TABLE rest "
			 "(_key VARCHAR, _rule VARCHAR, _raw VARCHAR, _object VARCHAR); "
			 "INSERT INTO rest SELECT _key, _rule, _raw, _object "
			 "FROM (%s) WHERE _rule IS NOT NULL OR _n <> 1",
			 t->text);
	TRY(engine_query(t->e, sql, NULL, &rest));
	sql = mem_printf(tmp,
			 "SELECT %s AS entity, _key AS key, _rule AS rule, _raw AS raw, "
			 "_object AS object FROM rest WHERE _rule IS NOT NULL",
			 engine_quoted(tmp, t->raw, '\''));
	TRY(transform_copy(t, sql, "FORMAT csv, HEADER true, NULLSTR ''",
			   mem_printf(tmp, "_rejects/%s.csv", t->raw), &rejects));
	t->s->rejects_key = rejects.key;
	t->s->rejected = rejects.rows;
	t->s->superseded = rest - rejects.rows;
	return engine_exec(t->e, "DROP TABLE rest");
}

/*
 * The transform is computed once, unless rows were not staged: most files have none, and a second
 * pass over a file costs less than keeping every row of it meanwhile.
 */
static struct err *
transform_table(struct transform *t)
{
	AUTO_MEM void *tmp = mem_root();
	struct staged *s = t->s;
	struct copied staged;
	char *sql;

	sql = mem_printf(tmp,
			 "SELECT * EXCLUDE (_rule, _key, _n, _raw, _object) "
			 "FROM (%s) WHERE _rule IS NULL AND _n = 1",
			 t->text);
	TRY(transform_copy(t, sql, "FORMAT parquet, COMPRESSION snappy",
			   mem_printf(tmp, "%s.parquet", s->table), &staged));
	s->keys = mem_memdup(t->staging, &staged.key, sizeof(staged.key));
	s->n_keys = staged.key ? 1 : 0;
	s->rows = staged.rows;
	s->bytes = staged.bytes;
	if (t->raw && s->rows != t->raw_rows)
		TRY(transform_rest(t));
	s->read = s->rows + s->superseded + s->rejected;
	if (t->raw && s->read != t->raw_rows)
		return err_new(
			ERR_DATA, "'%s' gave %lld rows, its manifest says %lld",
			lake_name(tmp, t->e->lake, LAKE_RAW, batch_next(t->b, t->raw, NULL)->key),
			s->read, t->raw_rows);
	return NULL;
}

/* Views of the staging tables that a text reads; has_rows: false where one of them is empty. */
static struct err *
transform_inputs(struct transform *t, bool *has_rows)
{
	AUTO_MEM void *tmp = mem_root();
	char *parquet;

	for (size_t i = 0; i < t->staging->n; i++) {
		const struct staged *s = &t->staging->tables[i];

		if (!strstr(t->text, mem_printf(tmp, "FROM %s\n", s->table)))
			continue;
		*has_rows = s->n_keys > 0;
		if (!s->n_keys)
			return NULL;
		TRY(engine_parquet(tmp, t->e, s->keys[0], &parquet));
		TRY(engine_exec(t->e, mem_printf(tmp, "CREATE OR REPLACE VIEW %s AS FROM %s",
						 engine_quoted(tmp, s->table, '"'), parquet)));
	}
	return NULL;
}

static struct err *
transform_run(struct transform *t)
{
	bool has_rows = t->raw_rows > 0;

	if (has_rows)
		TRY(entity_view(t->e, t->b, t->raw));
	else if (!t->raw)
		TRY(transform_inputs(t, &has_rows));
	t->e->working = t->raw_rows;
	if (has_rows)
		TRY(transform_table(t));
	t->e->rows += t->e->working;
	t->e->bytes += t->raw ? batch_bytes(t->b, t->raw) : 0;
	t->e->working = 0;
	engine_tell(t->e);
	return NULL;
}

/* --- the calendar's years --- */

struct text_sink {
	struct sink sink;
	struct strbuf text;
};

static struct err *
text_write(struct sink *self, const void *data, size_t n)
{
	strbuf_add(&((struct text_sink *)self)->text, data, n);
	return NULL;
}

/* What the calendar spans after this batch, from the days that it adds. */
static struct err *
calendar_years(struct engine *e, const char *key, struct staging *staging)
{
	AUTO_MEM void *tmp = mem_root();
	struct text_sink sink = { .sink.write = text_write };
	char *parquet, *sql, *end;

	TRY(engine_parquet(tmp, e, key, &parquet));
	strbuf_init(&sink.text, tmp, HEADER_MAX);
	sql = mem_printf(tmp,
			 "COPY (SELECT least(min(year), min(first_year)), "
			 "greatest(max(year), max(last_year)) FROM %s, batch) "
			 "TO '/dev/fd/%d' (FORMAT csv, HEADER false)",
			 parquet, e->out_fd);
	TRY(engine_query(e, sql, &sink.sink, NULL));
	staging->first_year = (int)strtol(sink.text.s, &end, 10);
	staging->last_year = (int)strtol(end + (*end == ','), NULL, 10);
	return NULL;
}

/* --- the interface --- */

/* The entity whose raw rows a text reads, or NULL. */
static const char *
transform_raw(const struct batch *b, const char *text)
{
	AUTO_MEM void *tmp = mem_root();

	for (size_t i = 0; i < b->n_files; i++) {
		if (strstr(text, mem_printf(tmp, "FROM raw_%s\n", b->files[i].entity)))
			return b->files[i].entity;
	}
	return NULL;
}

static struct transform *
transform_list(struct engine *e, const struct batch *b, struct staging *staging)
{
	const char **names;

	sql_list(staging, "transform", &names, &staging->n);
	staging->tables = mem_array(staging, struct staged, staging->n);
	struct transform *list = mem_array(staging, struct transform, staging->n);
	for (size_t i = 0; i < staging->n; i++) {
		struct staged *s = &staging->tables[i];
		const char *text = sql_text(mem_printf(list, "transform/%s", names[i]));

		s->table = names[i];
		s->entity = strcmp(names[i], "stg_date") ? names[i] + strlen("stg_") : "dates";
		list[i] = (struct transform){ .e = e, .b = b, .staging = staging, .text = text };
		list[i].raw = transform_raw(b, text);
		list[i].s = s;
		list[i].raw_rows = list[i].raw ? batch_rows(b, list[i].raw) : 0;
		e->total += list[i].raw_rows;
	}
	return list;
}

/* First the tables that are made from raw files, then those made from them. */
static struct err *
transform_all(struct transform *list, size_t n)
{
	for (int from_raw = 1; from_raw >= 0; from_raw--) {
		for (size_t i = 0; i < n; i++) {
			struct err *e = !list[i].raw == !from_raw ? transform_run(&list[i]) : NULL;

			if (e)
				return err_wrap(e, "cannot transform %s", list[i].s->entity);
		}
	}
	return NULL;
}

static struct err *
transform_batch(struct engine *e, const struct batch *b, struct staging *staging)
{
	struct transform *list = transform_list(e, b, staging);

	for (size_t i = 0; i < b->n_files; i++)
		TRY(file_check(e, &b->files[i]));
	TRY(batch_view(e, b));
	TRY(transform_all(list, staging->n));
	staging->first_year = b->prev.first_year;
	staging->last_year = b->prev.last_year;
	for (size_t i = 0; i < staging->n; i++) {
		if (!strcmp(staging->tables[i].table, "stg_date") && staging->tables[i].n_keys)
			TRY(calendar_years(e, staging->tables[i].keys[0], staging));
	}
	return NULL;
}

struct err *
engine_transform(void *mem, struct engine *e, const struct batch *b, struct staging **out,
		 struct progress *progress)
{
	struct staging *staging = mem_new(mem, struct staging);

	e->progress = progress;
	e->rows = e->bytes = e->total = 0;
	struct err *failed = transform_batch(e, b, staging);
	e->progress = NULL;
	if (failed)
		mem_free(staging);
	else
		*out = staging;
	return failed;
}
