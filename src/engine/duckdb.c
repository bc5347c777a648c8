#include "engine/engine.h"

#include "base/cancel.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/thread.h"
#include "engine/duckdb_api.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY_LIMIT  "256MB"
#define PIPE_BYTES    (1 << 20)
#define BLOCK_BYTES   (1 << 18)
#define PROGRESS_MS   250
#define INTERRUPT_MS  10
#define SQL_MAX	      (1U << 20)
#define HEADER_MAX    4096
#define MESSAGE_LINES 3

struct engine {
	struct duckdb_api api;
	void *database;
	void *connection;
	struct lake *lake;
	/*
	 * DuckDB gives rows by writing to the file /dev/fd/<out_fd>, a number fixed when access to
	 * other files is locked; it is null_fd while no query runs.
	 */
	int out_fd;
	int null_fd;
	/* what a transform has done so far, and the rows of the table that it works on */
	struct progress *progress;
	long long rows, bytes, total, working;
};

/* --- one statement --- */

struct query {
	struct engine *e;
	const char *sql;
	struct duckdb_result result;
};

/* Beside the caller, which learns the end from the pipe. */
static struct err *
query_job(void *arg)
{
	struct query *q = arg;

	q->e->api.query(q->e->connection, q->sql, &q->result);
	dup3(q->e->null_fd, q->e->out_fd, O_CLOEXEC);
	return NULL;
}

/* DuckDB's text: its first lines say what and where, the rest advises on options. */
static struct err *
query_error(struct query *q, const char *text)
{
	AUTO_MEM char *line = mem_strdup(NULL, text);
	int type = q->e->api.result_error_type(&q->result);
	char *at = line;

	if (type == DUCKDB_ERROR_INTERRUPT)
		return err_new(ERR_CANCELLED, "cancelled");
	for (int n = 1; (at = strchr(at, '\n')); n++)
		*at = n < MESSAGE_LINES ? ' ' : '\0';
	struct err *e = err_new(ERR_REMOTE, "duckdb says: %s", line);
	if (type == DUCKDB_ERROR_OUT_OF_MEMORY)
		e = err_hint(e,
			     "raise the memory limit, or make room for temporary files under '%s'",
			     lake_local_dir(q->e->lake));
	return e;
}

static void
engine_tell(struct engine *e)
{
	double part = e->api.query_progress(e->connection).percentage / 100;
	long long rows = part > 0 ? (long long)(part * (double)e->working) : 0;

	progress_tell(e->progress, "transform.duckdb", e->rows + rows, e->bytes, e->total);
}

/*
 * Pass on what the query writes until it ends.  After a failure or a cancel the rest is read and
 * dropped, for nothing wakes a writer whose pipe is full; and it is interrupted again and again,
 * for an interrupt before the query's start is lost.
 */
static struct err *
query_watch(struct engine *e, int fd, struct sink *sink)
{
	AUTO_MEM char *block = mem_array(NULL, char, BLOCK_BYTES);
	struct err *failed = NULL;
	ssize_t n = 1;

	while (n) {
		struct pollfd fds[2] = {
			{ .fd = fd, .events = POLLIN },
			{ .fd = failed ? -1 : cancel_fd(), .events = POLLIN },
		};
		int ready = poll(fds, 2, failed ? INTERRUPT_MS : PROGRESS_MS);

		if (!ready && !failed)
			engine_tell(e);
		if (ready > 0 && fds[1].revents)
			failed = cancel_check();
		if (failed)
			e->api.interrupt(e->connection);
		if (ready > 0 && fds[0].revents) {
			n = read(fd, block, BLOCK_BYTES);
			if (n > 0 && sink && !failed)
				failed = sink->write(sink, block, (size_t)n);
		}
	}
	return failed;
}

/*
 * Run one statement.
 *
 * sink     takes what it writes to out_fd, or NULL
 * changed  rows that it wrote or copied, or NULL
 */
static struct err *
engine_query(struct engine *e, const char *sql, struct sink *sink, long long *changed)
{
	struct query q = { .e = e, .sql = sql };
	int ends[2];

	TRY(cancel_check());
	if (pipe2(ends, O_CLOEXEC))
		return err_sys(ERR_REMOTE, "cannot make a pipe");
	fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
	dup3(ends[1], e->out_fd, O_CLOEXEC);
	close(ends[1]);
	struct thread *t = thread_start(NULL, query_job, &q);
	struct err *failed = query_watch(e, ends[0], sink);
	failed = err_first(failed, thread_join(t));
	close(ends[0]);
	const char *text = e->api.result_error(&q.result);
	if (text)
		failed = err_first(failed, query_error(&q, text));
	else if (changed)
		*changed = (long long)e->api.rows_changed(&q.result);
	e->api.destroy_result(&q.result);
	return failed;
}

static struct err *
engine_exec(struct engine *e, const char *sql)
{
	return engine_query(e, sql, NULL, NULL);
}

/* Text between quotes, its own quotes doubled. */
static char *
quoted(void *mem, const char *text, char quote)
{
	struct strbuf sb;

	strbuf_init(&sb, mem, SQL_MAX);
	strbuf_char(&sb, quote);
	for (; *text; text++) {
		if (*text == quote)
			strbuf_char(&sb, quote);
		strbuf_char(&sb, *text);
	}
	strbuf_char(&sb, quote);
	return sb.s;
}

/* --- opening --- */

static int
engine_destroy(struct engine *e)
{
	e->api.disconnect(&e->connection);
	e->api.close(&e->database);
	close(e->out_fd);
	close(e->null_fd);
	return 0;
}

/* Limits first; then nothing outside the lake can be reached, and no setting changed. */
static struct err *
engine_configure(struct engine *e, const struct engine_config *config)
{
	AUTO_MEM void *tmp = mem_root();
	const char *limit = config->memory_limit ? config->memory_limit : MEMORY_LIMIT;
	char *spill, *threads = mem_printf(tmp, "SET threads=%d;", config->threads);

	TRY(lake_work_path(tmp, e->lake, LAKE_PROCESSED, "spill", &spill));
	return engine_exec(e, mem_printf(tmp,
					 "%s SET memory_limit=%s; SET temp_directory=%s;"
					 "SET preserve_insertion_order=false;"
					 "SET autoinstall_known_extensions=false;"
					 "SET autoload_known_extensions=false;"
					 "SET enable_progress_bar=true;"
					 "SET enable_progress_bar_print=false;"
					 "SET progress_bar_time=0;"
					 "SET allowed_directories=[%s];"
					 "SET allowed_paths=['/dev/fd/%d'];"
					 "SET enable_external_access=false;"
					 "SET lock_configuration=true",
					 config->threads ? threads : "", quoted(tmp, limit, '\''),
					 quoted(tmp, spill, '\''),
					 quoted(tmp, lake_local_dir(e->lake), '\''), e->out_fd));
}

struct err *
engine_open_duckdb(void *mem, const struct engine_config *config, struct lake *lake,
		   struct engine **out)
{
	struct engine *e = mem_new(mem, struct engine);
	char *path;
	struct err *failed = duckdb_load(e, config, &e->api, &path);

	if (!failed) {
		e->lake = lake;
		e->out_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
		e->null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
		mem_on_free(e, engine_destroy);
		if (e->api.open(NULL, &e->database) || e->api.connect(e->database, &e->connection))
			failed = err_new(ERR_REMOTE, "cannot open duckdb");
		else
			failed = engine_configure(e, config);
	}
	if (failed) {
		mem_free(e);
		return err_wrap(failed, "cannot start the engine");
	}
	*out = e;
	return NULL;
}

struct err *
engine_probe_duckdb(void *mem, const struct engine_config *config, char **version, char **path)
{
	struct duckdb_api api;

	TRY(duckdb_load(mem, config, &api, path));
	*version = mem_strdup(mem, api.library_version());
	return NULL;
}

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
	while (!e && (n = read(fd, block, BLOCK_BYTES)) > 0) {
		const char *end = memchr(block, '\n', (size_t)n);

		if (in_header)
			strbuf_add(header, block, end ? (size_t)(end - block) : (size_t)n);
		in_header = in_header && !end;
		digest_update(d, block, (size_t)n);
		*bytes += n;
		e = cancel_check();
	}
	if (!e && (fd < 0 || n < 0))
		e = err_sys(ERR_DATA, "cannot read '%s'", path);
	if (fd >= 0)
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
	TRY(lake_local_path(tmp, e->lake, LAKE_RAW, f->key, &path));
	TRY(file_measure(path, &bytes, hex, &header));
	if (bytes != f->bytes)
		return err_new(ERR_DATA, "'%s' has %lld bytes, its manifest says %lld", name, bytes,
			       f->bytes);
	if (strcmp(hex, f->sha256))
		return err_new(ERR_DATA, "'%s' has another content than its manifest says", name);
	if (strcmp(header.s, f->header))
		return err_new(ERR_DATA, "'%s' begins with '%s', its manifest says '%s'", name,
			       header.s, f->header);
	return NULL;
}

/* raw_<entity>: all columns as text; an unquoted empty field is NULL, a quoted one is ''. */
static struct err *
file_view(struct engine *e, const struct batch_file *f)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf columns;
	char *path;

	TRY(lake_local_path(tmp, e->lake, LAKE_RAW, f->key, &path));
	strbuf_init(&columns, tmp, SQL_MAX);
	for (const char *at = f->header; *at; at += *at == ',') {
		char *name = mem_strndup(tmp, at, strcspn(at, ","));

		strbuf_printf(&columns, "%s%s: 'VARCHAR'", columns.len ? ", " : "",
			      quoted(tmp, name, '"'));
		at += strlen(name);
	}
	return engine_exec(e, mem_printf(tmp,
					 "CREATE OR REPLACE VIEW %s AS SELECT *, %s AS _object "
					 "FROM read_csv(%s, auto_detect=false, header=true, "
					 "delim=',', quote='\"', escape='\"', strict_mode=true, "
					 "allow_quoted_nulls=false, nullstr='', "
					 "hive_partitioning=false, columns={%s})",
					 quoted(tmp, mem_printf(tmp, "raw_%s", f->entity), '"'),
					 quoted(tmp, f->key, '\''), quoted(tmp, path, '\''),
					 columns.s));
}

static struct err *
batch_view(struct engine *e, const struct batch *b)
{
	AUTO_MEM void *tmp = mem_root();

	return engine_exec(e, mem_printf(tmp,
					 "CREATE OR REPLACE VIEW batch AS SELECT %lld AS k, "
					 "%lld AS run, nullif(%d, 0) AS first_year, "
					 "nullif(%d, 0) AS last_year",
					 b->next.k, b->run, b->prev.first_year, b->prev.last_year));
}

/* --- staging tables --- */

/* One file of sql/transform at work. */
struct transform {
	struct engine *e;
	const struct batch *b;
	const char *text;
	const struct batch_file *raw; /* what it reads, or NULL: other staging tables */
	struct staged *s;
};

static char *
transform_key(void *mem, const struct transform *t, const char *file)
{
	return mem_printf(mem, "%s/a%d/%s", t->b->prefix, t->b->attempt, file);
}

/* COPY rows into an object; one without rows is not made, and key left alone. */
static struct err *
transform_copy(void *mem, struct transform *t, const char *rows, const char *format,
	       const char *file, const char **key, long long *n, long long *bytes)
{
	AUTO_MEM void *tmp = mem_root();
	const char *object = transform_key(mem, t, file);
	struct stat st;
	char *work;

	TRY(lake_work_path(tmp, t->e->lake, LAKE_PROCESSED, object, &work));
	TRY(engine_query(
		t->e,
		mem_printf(tmp, "COPY (%s) TO %s (%s)", rows, quoted(tmp, work, '\''), format),
		NULL, n));
	if (!*n)
		return NULL;
	if (stat(work, &st))
		return err_sys(ERR_DATA, "cannot find '%s'", work);
	TRY(lake_adopt(t->e->lake, LAKE_PROCESSED, object, work));
	*bytes = st.st_size;
	*key = object;
	return NULL;
}

/* The rows that were not staged: counted, and those that broke a rule kept. */
static struct err *
transform_rest(void *mem, struct transform *t)
{
	AUTO_MEM void *tmp = mem_root();
	const char *entity = t->raw->entity;
	long long rest, bytes;

	TRY(engine_query(
		t->e,
		mem_printf(
			tmp,
			"CREATE OR REPLACE TEMP TABLE rest (_key VARCHAR, _rule VARCHAR, _raw VARCHAR, "
			"_object VARCHAR); "
			"INSERT INTO rest SELECT _key, _rule, _raw, _object "
			"FROM (%s) WHERE _rule IS NOT NULL OR _n <> 1",
			t->text),
		NULL, &rest));
	TRY(transform_copy(mem, t,
			   mem_printf(tmp,
				      "SELECT %s AS entity, _key AS key, _rule AS rule, "
				      "_raw AS raw, _object AS object "
				      "FROM rest WHERE _rule IS NOT NULL",
				      quoted(tmp, entity, '\'')),
			   "FORMAT csv, HEADER true, NULLSTR ''",
			   mem_printf(tmp, "_rejects/%s.csv", entity), &t->s->rejects_key,
			   &t->s->rejected, &bytes));
	t->s->superseded = rest - t->s->rejected;
	return engine_exec(t->e, "DROP TABLE rest");
}

/*
 * The transform is computed once, unless rows were not staged: most files have none, and a second
 * pass over a file costs less than keeping every row of it meanwhile.
 */
static struct err *
transform_table(void *mem, struct transform *t)
{
	AUTO_MEM void *tmp = mem_root();
	struct staged *s = t->s;

	t->e->working = t->raw ? t->raw->rows : 0;
	TRY(transform_copy(mem, t,
			   mem_printf(tmp,
				      "SELECT * EXCLUDE (_rule, _key, _n, _raw, _object) "
				      "FROM (%s) WHERE _rule IS NULL AND _n = 1",
				      t->text),
			   "FORMAT parquet, COMPRESSION snappy",
			   mem_printf(tmp, "%s.parquet", s->table), &s->key, &s->rows, &s->bytes));
	if (t->raw && s->rows != t->raw->rows)
		TRY(transform_rest(mem, t));
	s->read = s->rows + s->superseded + s->rejected;
	if (t->raw && s->read != t->raw->rows)
		return err_new(ERR_DATA, "'%s' gave %lld rows, its manifest says %lld",
			       lake_name(tmp, t->e->lake, LAKE_RAW, t->raw->key), s->read,
			       t->raw->rows);
	return NULL;
}

/* The raw file that a text reads, or NULL. */
static const struct batch_file *
transform_raw(const struct batch *b, const char *text)
{
	AUTO_MEM void *tmp = mem_root();

	for (size_t i = 0; i < b->n_files; i++) {
		if (strstr(text, mem_printf(tmp, "FROM raw_%s\n", b->files[i].entity)))
			return &b->files[i];
	}
	return NULL;
}

/* Views of the staging tables that a text reads; has_rows: false where one of them is empty. */
static struct err *
transform_inputs(struct transform *t, const struct staging *staging, bool *has_rows)
{
	AUTO_MEM void *tmp = mem_root();
	char *path;

	for (size_t i = 0; i < staging->n; i++) {
		const struct staged *s = &staging->tables[i];

		if (!strstr(t->text, mem_printf(tmp, "FROM %s\n", s->table)))
			continue;
		*has_rows = s->key;
		if (!s->key)
			return NULL;
		TRY(lake_local_path(tmp, t->e->lake, LAKE_PROCESSED, s->key, &path));
		TRY(engine_exec(t->e,
				mem_printf(tmp,
					   "CREATE OR REPLACE VIEW %s AS SELECT * "
					   "FROM read_parquet(%s, hive_partitioning=false)",
					   quoted(tmp, s->table, '"'), quoted(tmp, path, '\''))));
	}
	return NULL;
}

static struct err *
transform_one(void *mem, struct engine *e, const struct batch *b, struct staging *staging,
	      struct staged *s, bool from_raw)
{
	AUTO_MEM void *tmp = mem_root();
	const char *text = sql_text(mem_printf(tmp, "transform/%s", s->table));
	struct transform t = {
		.e = e, .b = b, .text = text, .raw = transform_raw(b, text), .s = s
	};
	bool has_rows = t.raw && t.raw->rows;
	struct err *failed = NULL;

	if (from_raw != (t.raw != NULL))
		return NULL;
	if (has_rows)
		failed = file_view(e, t.raw);
	else if (!t.raw)
		failed = transform_inputs(&t, staging, &has_rows);
	if (!failed && has_rows)
		failed = transform_table(mem, &t);
	if (failed)
		return err_wrap(failed, "cannot transform %s", s->entity);
	e->rows += t.raw ? t.raw->rows : 0;
	e->bytes += t.raw ? t.raw->bytes : 0;
	e->working = 0;
	engine_tell(e);
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

/* What the calendar spans after this batch. */
static struct err *
engine_years(struct engine *e, const struct batch *b, struct staging *staging)
{
	AUTO_MEM void *tmp = mem_root();
	struct text_sink sink = { .sink.write = text_write };
	char *path, *end;

	staging->first_year = b->prev.first_year;
	staging->last_year = b->prev.last_year;
	for (size_t i = 0; i < staging->n; i++) {
		if (strcmp(staging->tables[i].table, "stg_date") || !staging->tables[i].key)
			continue;
		TRY(lake_local_path(tmp, e->lake, LAKE_PROCESSED, staging->tables[i].key, &path));
		strbuf_init(&sink.text, tmp, HEADER_MAX);
		TRY(engine_query(e,
				 mem_printf(tmp,
					    "COPY (SELECT least(min(year), min(first_year)), "
					    "greatest(max(year), max(last_year)) "
					    "FROM read_parquet(%s, hive_partitioning=false), "
					    "batch) TO '/dev/fd/%d' "
					    "(FORMAT csv, HEADER false)",
					    quoted(tmp, path, '\''), e->out_fd),
				 &sink.sink, NULL));
		staging->first_year = (int)strtol(sink.text.s, &end, 10);
		staging->last_year = (int)strtol(end + (*end == ','), NULL, 10);
	}
	return NULL;
}

/* --- the interface --- */

static struct staging *
staging_new(void *mem)
{
	struct staging *staging = mem_new(mem, struct staging);
	const char **names;

	sql_list(staging, "transform", &names, &staging->n);
	staging->tables = mem_array(staging, struct staged, staging->n);
	for (size_t i = 0; i < staging->n; i++) {
		staging->tables[i].table = names[i];
		staging->tables[i].entity = strcmp(names[i], "stg_date") ? names[i] + strlen("stg_")
									 : "dates";
	}
	return staging;
}

struct err *
engine_transform(void *mem, struct engine *e, const struct batch *b, struct staging **out,
		 struct progress *progress)
{
	struct staging *staging = staging_new(mem);

	e->progress = progress;
	e->rows = e->bytes = e->total = 0;
	for (size_t i = 0; i < b->n_files; i++) {
		TRY(file_check(e, &b->files[i]));
		e->total += b->files[i].rows;
	}
	TRY(batch_view(e, b));
	for (int from_raw = 1; from_raw >= 0; from_raw--) {
		for (size_t i = 0; i < staging->n; i++)
			TRY(transform_one(staging, e, b, staging, &staging->tables[i], from_raw));
	}
	TRY(engine_years(e, b, staging));
	e->progress = NULL;
	*out = staging;
	return NULL;
}

struct err *
engine_rows(struct engine *e, const char *key, struct sink *sink)
{
	AUTO_MEM void *tmp = mem_root();
	char *path;

	TRY(lake_local_path(tmp, e->lake, LAKE_PROCESSED, key, &path));
	return engine_query(e,
			    mem_printf(tmp,
				       "COPY (SELECT * FROM read_parquet(%s, "
				       "hive_partitioning=false)) TO '/dev/fd/%d' "
				       "(FORMAT csv, HEADER false, NULLSTR '')",
				       quoted(tmp, path, '\''), e->out_fd),
			    sink, NULL);
}
