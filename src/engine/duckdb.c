#include "engine/duckdb.h"

#include "base/cancel.h"
#include "base/mem.h"
#include "base/thread.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_LIMIT  "256MB"
#define PIPE_BYTES    (1 << 20)
#define BLOCK_BYTES   (1 << 18)
#define PROGRESS_MS   250
#define INTERRUPT_MS  10
#define SQL_MAX	      (1U << 20)
#define MESSAGE_LINES 3

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

void
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

struct err *
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

struct err *
engine_exec(struct engine *e, const char *sql)
{
	return engine_query(e, sql, NULL, NULL);
}

char *
engine_quoted(void *mem, const char *text, char quote)
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
	char *spill, *sql, *threads = mem_printf(tmp, "SET threads=%d;", config->threads);

	TRY(lake_work_path(tmp, e->lake, LAKE_PROCESSED, "spill", &spill));
	sql = mem_printf(tmp,
			 "%s SET memory_limit=%s; SET temp_directory=%s; "
			 "SET preserve_insertion_order=false; "
			 "SET autoinstall_known_extensions=false; "
			 "SET autoload_known_extensions=false; "
			 "SET enable_progress_bar=true; SET enable_progress_bar_print=false; "
			 "SET progress_bar_time=0; "
			 "SET allowed_directories=[%s]; SET allowed_paths=['/dev/fd/%d']; "
			 "SET enable_external_access=false; SET lock_configuration=true",
			 config->threads ? threads : "", engine_quoted(tmp, limit, '\''),
			 engine_quoted(tmp, spill, '\''),
			 engine_quoted(tmp, lake_local_dir(e->lake), '\''), e->out_fd);
	return engine_exec(e, sql);
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

/* --- reading back --- */

struct err *
engine_parquet(void *mem, struct engine *e, const char *key, char **relation)
{
	AUTO_MEM char *path = NULL;

	TRY(lake_local_path(NULL, e->lake, LAKE_PROCESSED, key, NULL, &path));
	/* a name like x=1 in the path would become a column */
	*relation = mem_printf(mem, "read_parquet(%s, hive_partitioning=false)",
			       engine_quoted(path, path, '\''));
	return NULL;
}

struct err *
engine_rows(struct engine *e, const char *key, struct sink *sink)
{
	AUTO_MEM void *tmp = mem_root();
	char *parquet, *sql;

	TRY(engine_parquet(tmp, e, key, &parquet));
	sql = mem_printf(tmp,
			 "COPY (FROM %s) TO '/dev/fd/%d' (FORMAT csv, HEADER false, NULLSTR '')",
			 parquet, e->out_fd);
	return engine_query(e, sql, sink, NULL);
}
