#include "remote/pg_session.h"

#include "base/cancel.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/thread.h"
#include "base/time.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PG_CANCEL_MS	3000  /* to send a cancel: the network may be gone */
#define PG_CANCELLED_MS 60000 /* then a server that is silent for so long is lost */

static int connect_limit_s = 10;

void
pg_hurry(int connect_timeout_s)
{
	connect_limit_s = connect_timeout_s;
}

static int
pg_destroy(struct pg *pg)
{
	PQfinish(pg->conn);
	return 0;
}

bool
pg_lost(const struct pg *pg)
{
	return PQstatus(pg->conn) != CONNECTION_OK;
}

/* --- waiting --- */

struct cancelling {
	PGcancel *cancel;
	int fd; /* closed at the end */
};

static struct err *
pg_cancel_job(void *arg)
{
	AUTO_MEM struct cancelling *c = arg;
	char text[256];

	PQcancel(c->cancel, text, sizeof(text));
	PQfreeCancel(c->cancel);
	close(c->fd);
	return NULL;
}

/* PQcancel may block for ever: it has a thread of its own, which is waited for a while. */
void
pg_cancel(struct pg *pg)
{
	PGcancel *cancel = PQgetCancel(pg->conn);
	int ends[2];

	if (!cancel || pipe2(ends, O_CLOEXEC)) {
		PQfreeCancel(cancel);
		return;
	}
	struct cancelling *c = mem_new(NULL, struct cancelling);
	*c = (struct cancelling){ cancel, ends[1] };
	thread_leave(pg_cancel_job, c);
	struct pollfd over = { .fd = ends[0], .events = POLLIN };
	poll(&over, 1, PG_CANCEL_MS);
	close(ends[0]);
}

struct err *
pg_wait(struct pg *pg, short events, bool *cancelled)
{
	struct pollfd fds[2] = {
		{ .fd = PQsocket(pg->conn), .events = events },
		{ .fd = pg->deaf || *cancelled ? -1 : cancel_fd(), .events = POLLIN },
	};

	if (fds[0].fd < 0)
		return pg_lost_error(pg);
	bool patient = *cancelled && pg->patience_ms < 0;
	int ready = poll(fds, 2, patient ? PG_CANCELLED_MS : pg->patience_ms);
	if (!ready)
		return err_new(ERR_TIMEOUT, "the %s database does not answer", pg->what);
	if (ready > 0 && fds[1].revents) {
		pg_cancel(pg);
		*cancelled = true;
	}
	return NULL;
}

struct err *
pg_flush(struct pg *pg, bool *cancelled)
{
	int left;

	while ((left = PQflush(pg->conn)) > 0) {
		TRY(pg_wait(pg, POLLIN | POLLOUT, cancelled));
		if (!PQconsumeInput(pg->conn))
			return pg_lost_error(pg);
	}
	return left < 0 ? pg_lost_error(pg) : NULL;
}

/* The next result of what was sent; NULL in *res at its end. */
static struct err *
pg_next(struct pg *pg, bool *cancelled, PGresult **res)
{
	TRY(pg_flush(pg, cancelled));
	while (PQisBusy(pg->conn)) {
		TRY(pg_wait(pg, POLLIN, cancelled));
		if (!PQconsumeInput(pg->conn))
			return pg_lost_error(pg);
	}
	*res = PQgetResult(pg->conn);
	return NULL;
}

struct err *
pg_results(struct pg *pg, PGresult **keep)
{
	struct err *first = NULL;
	bool cancelled = false;
	PGresult *res = NULL;

	for (;;) {
		struct err *e = pg_next(pg, &cancelled, &res);

		if (e)
			return err_first(first, e);
		if (!res)
			break;
		ExecStatusType status = PQresultStatus(res);
		if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE)
			first = err_first(first, pg_result_error(pg, res));
		pg->affected = strtoll(PQcmdTuples(res), NULL, 10);
		if (keep && status == PGRES_TUPLES_OK) {
			PQclear(*keep);
			*keep = res;
		} else {
			PQclear(res);
		}
		if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
			break;
	}
	if (!first && cancelled)
		first = cancel_check();
	return first;
}

struct err *
pg_begin(struct pg *pg)
{
	return pg->deaf ? NULL : cancel_check();
}

/* --- connecting --- */

static struct err *
pg_refused(const struct pg_config *config, PGconn *conn, bool timed_out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *text = pg_message(tmp, PQerrorMessage(conn));
	enum err_code code = timed_out			       ? ERR_TIMEOUT
			     : PQconnectionNeedsPassword(conn) ? ERR_AUTH
			     : strstr(text, "authentication") || strstr(text, "does not exist") ||
					     strstr(text, "pg_hba.conf")
				     ? ERR_AUTH
				     : ERR_NET;

	const char *where = config->where ? config->where : "its DSN";
	struct err *e = err_new(code, "cannot connect to the %s database: %s", config->what,
				timed_out ? "no answer in time" : text);
	if (strstr(text, "authentication") && config->login && config->login->refused)
		return err_hint(e, "%s", config->login->refused);
	if (code == ERR_AUTH)
		return err_hint(e, "check user, password and database in %s", where);
	if (strstr(where, "the embedded stack"))
		return err_hint(e, "is it running? 'bikeops local up' starts the embedded stack");
	return err_hint(e, "is it running? is its address right? see %s", where);
}

static struct err *
pg_connect(struct pg *pg, const struct pg_config *config)
{
	long long end =
		time_tick_ms() +
		1000LL * (config->connect_timeout_s ? config->connect_timeout_s : connect_limit_s);
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	while (state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING) {
		struct pollfd fds[2] = {
			{ .fd = PQsocket(pg->conn),
			  .events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT },
			{ .fd = pg->deaf ? -1 : cancel_fd(), .events = POLLIN },
		};
		long long left = end - time_tick_ms();

		if (left <= 0)
			return pg_refused(config, pg->conn, true);
		if (poll(fds, 2, (int)left) > 0) {
			if (fds[1].revents)
				return cancel_check();
			state = PQconnectPoll(pg->conn);
		}
	}
	return state == PGRES_POLLING_OK ? NULL : pg_refused(config, pg->conn, false);
}

static struct err *
pg_start(struct pg *pg, const struct pg_config *config)
{
	AUTO_MEM void *tmp = mem_root();
	const char *user = NULL, *password = NULL;
	/* what stands before the DSN is what it does not say */
	const char *keys[] = { "keepalives_idle",
			       "keepalives_interval",
			       "keepalives_count",
			       "dbname",
			       "fallback_application_name",
			       "application_name",
			       "client_encoding",
			       "user",
			       "password",
			       NULL };
	char *why = NULL;
	PQconninfoOption *parsed = PQconninfoParse(config->dsn, &why);

	if (!parsed) {
		struct err *e = err_new(ERR_CONFIG, "bad DSN of the %s database: %.*s",
					config->what, (int)strcspn(why, "\n\""), why);
		PQfreemem(why);
		return err_hint(e,
				"write it as \"host=... dbname=... user=...\" or postgresql://...");
	}
	PQconninfoFree(parsed);
	if (config->login)
		TRY(config->login->make(tmp, config->login->arg, &user, &password));
	/* what is NULL leaves the DSN's value */
	const char *values[] = { "60",	      "10",   "6",  config->dsn, "bikeops",
				 config->app, "UTF8", user, password,	 NULL };
	pg->conn = PQconnectStartParams(keys, values, 1);
	if (!pg->conn || PQstatus(pg->conn) == CONNECTION_BAD)
		return pg_refused(config, pg->conn, false);
	PQsetNoticeReceiver(pg->conn, pg_notice, pg);
	return pg_connect(pg, config);
}

/* Said after the login, as PGDATESTYLE, PGTZ and the like would win over a conninfo. */
static const char session[] =
	"set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres';"
	"set statement_timeout = 0; set lock_timeout = 0;"
	"set idle_in_transaction_session_timeout = 0; set jit = off;"
	"set tcp_keepalives_idle = 60; set tcp_keepalives_interval = 10";

static struct err *
pg_act_as(struct pg *pg, const char *role)
{
	AUTO_MEM void *tmp = mem_root();
	struct err *e = pg_exec(pg, mem_printf(tmp, "set role %s", pg_ident(tmp, role)));

	return e ? err_hint(err_wrap(e, "cannot act as '%s'", role),
			    "run 'bikeops setup', which makes the roles and grants them")
		 : NULL;
}

struct err *
pg_open(void *mem, const struct pg_config *config, struct pg **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct pg *pg = mem_new(tmp, struct pg);

	pg->what = mem_strdup(pg, config->what);
	pg->deaf = config->deaf;
	pg->patience_ms = config->answer_timeout_s ? config->answer_timeout_s * 1000 : -1;
	mem_on_free(pg, pg_destroy);
	TRY(pg_begin(pg));
	TRY(pg_start(pg, config));
	PQsetnonblocking(pg->conn, 1);
	TRY(pg_exec(pg, config->session ? config->session : session));
	if (config->role)
		TRY(pg_act_as(pg, config->role));
	mem_move(mem, pg);
	*out = pg;
	return NULL;
}

/* --- statements --- */

struct err *
pg_exec(struct pg *pg, const char *sql)
{
	TRY(pg_begin(pg));
	if (!PQsendQuery(pg->conn, sql))
		return pg_lost_error(pg);
	return pg_results(pg, NULL);
}

struct err *
pg_script(struct pg *pg, const char *script)
{
	AUTO_MEM void *tmp = mem_root();
	const char **statements;
	size_t n;

	sql_split(tmp, script, &statements, &n);
	for (size_t i = 0; i < n; i++) {
		struct err *e = pg_exec(pg, statements[i]);

		if (e) {
			const char *text = statements[i] + strspn(statements[i], " \t\n");

			return err_wrap(e, "statement %zu of %zu, '%.60s'", i + 1, n,
					mem_strndup(tmp, text, strcspn(text, "\n")));
		}
	}
	return NULL;
}

static enum rows_type
pg_type(unsigned oid)
{
	switch (oid) { /* Source: PostgreSQL's pg_type.dat */
	case 16:
		return ROWS_BOOL;
	case 20:
	case 21:
	case 23:
		return ROWS_INT;
	case 1700:
		return ROWS_NUMBER;
	case 114:
	case 3802:
		return ROWS_JSON;
	}
	return ROWS_TEXT;
}

static struct rows *
pg_rows(void *mem, const PGresult *res)
{
	int n_cols = PQnfields(res);
	struct rows *r = rows_new(mem, (size_t)n_cols);
	const char **cells = mem_array(r, const char *, n_cols + 1);

	for (int c = 0; c < n_cols; c++)
		rows_column(r, (size_t)c, PQfname(res, c), pg_type(PQftype(res, c)));
	for (int i = 0; i < PQntuples(res); i++) {
		for (int c = 0; c < n_cols; c++)
			cells[c] = PQgetisnull(res, i, c) ? NULL : PQgetvalue(res, i, c);
		rows_add(r, cells);
	}
	mem_free(cells);
	return r;
}

struct err *
pg_query(void *mem, struct pg *pg, const char *sql, const char *const *params, size_t n,
	 struct rows **rows)
{
	PGresult *res = NULL;

	TRY(pg_begin(pg));
	if (!PQsendQueryParams(pg->conn, sql, (int)n, NULL, params, NULL, NULL, 0))
		return pg_lost_error(pg);
	struct err *e = pg_results(pg, &res);
	if (!e && rows)
		*rows = res ? pg_rows(mem, res) : rows_new(mem, 0);
	PQclear(res);
	return e;
}

long long
pg_affected(const struct pg *pg)
{
	return pg->affected;
}

/* --- facts --- */

static bool
pg_told(struct pg *pg)
{
	bool told = false;
	PGnotify *n;

	while ((n = PQnotifies(pg->conn)) != NULL) {
		told = true;
		PQfreemem(n);
	}
	return told;
}

struct err *
pg_listen(struct pg *pg, int wake_fd, int ms, bool *told)
{
	struct pollfd fds[3] = {
		{ .fd = PQsocket(pg->conn), .events = POLLIN },
		{ .fd = cancel_fd(), .events = POLLIN },
		{ .fd = wake_fd, .events = POLLIN },
	};

	*told = pg_told(pg); /* with an answer before */
	if (*told || poll(fds, 3, ms) <= 0 || !fds[0].revents)
		return cancel_check();
	if (!PQconsumeInput(pg->conn) || pg_lost(pg))
		return pg_lost_error(pg);
	*told = pg_told(pg);
	return NULL;
}

const char *
pg_user(const struct pg *pg)
{
	return PQuser(pg->conn);
}

const char *
pg_tls(const struct pg *pg, bool *safe)
{
	const char *host = PQhost(pg->conn);
	const char *protocol = PQsslAttribute(pg->conn, "protocol");
	bool socket = host && *host == '/';

	*safe = socket || protocol;
	return protocol ? protocol : socket ? "socket" : "none";
}

int
pg_client_version(void)
{
	return PQlibVersion();
}

char *
pg_ident(void *mem, const char *name)
{
	struct strbuf sb;

	strbuf_init(&sb, mem, 1024);
	strbuf_char(&sb, '"');
	for (; *name; name++) {
		if (*name == '"')
			strbuf_char(&sb, '"');
		strbuf_char(&sb, *name);
	}
	strbuf_char(&sb, '"');
	return sb.s;
}
