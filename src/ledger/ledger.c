#include "ledger/session.h"

#include "base/alive.h"
#include "base/cancel.h"
#include "base/sql.h"
#include "base/text.h"
#include "remote/migrate.h"

#include <assert.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define LEDGER_JSON_MAX (1 << 24)

static struct err *
ledger_connect(void *mem, const struct settings *settings, struct pg_config config,
	       struct ledger **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct ledger *l = mem_new(tmp, struct ledger);

	config.what = "ledger";
	TRY(settings_need(settings, "ledger_dsn", &config.dsn));
	config.where = settings_where(tmp, settings, "ledger_dsn");
	TRY(pg_open(l, &config, &l->pg));
	TRY(pg_exec(l->pg, "set search_path = ledger")); /* what views name */
	mem_move(mem, l);
	*out = l;
	return NULL;
}

struct err *
ledger_open(void *mem, const struct settings *settings, bool deaf, struct ledger **out)
{
	static const char *const folder = "ledger";
	AUTO_MEM void *tmp = mem_root();
	struct ledger *l;

	TRY(ledger_connect(tmp, settings, (struct pg_config){ .deaf = deaf }, &l));
	TRY(migrate(l->pg, "ledger", &folder, 1, true));
	/* What a crash of the server may lose here is told again by the warehouse. */
	TRY(pg_exec(l->pg, "set synchronous_commit = off"));
	mem_move(mem, l);
	*out = l;
	return NULL;
}

bool
ledger_answers(struct ledger *l)
{
	err_free(pg_exec(l->pg, "select 1"));
	return !pg_lost(l->pg);
}

static struct err *
ledger_connect_read(void *mem, const struct settings *settings, struct pg_config config,
		    struct ledger **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct ledger *l;
	struct rows *r;

	TRY(ledger_connect(tmp, settings, config, &l));
	TRY(pg_exec(l->pg, "set default_transaction_read_only = on"));
	TRY(pg_query(tmp, l->pg, "select to_regclass('ledger.migration') is not null as there",
		     NULL, 0, &r));
	if (!rows_bool(r, 0, "there"))
		return err_hint(err_new(ERR_CONFIG, "nothing is set up yet"),
				"run 'bikeops setup'");
	mem_move(mem, l);
	*out = l;
	return NULL;
}

struct err *
ledger_open_read(void *mem, const struct settings *settings, struct ledger **out)
{
	return ledger_connect_read(mem, settings, (struct pg_config){ 0 }, out);
}

struct err *
ledger_open_watch(void *mem, const struct settings *settings, struct ledger **out)
{
	struct pg_config config = { .app = "bikeops console", .answer_timeout_s = 10 };
	AUTO_MEM void *tmp = mem_root();
	struct ledger *l;

	TRY(ledger_connect_read(tmp, settings, config, &l));
	TRY(pg_exec(l->pg, "listen bikeops"));
	mem_move(mem, l);
	*out = l;
	return NULL;
}

struct err *
ledger_wait(struct ledger *l, int wake_fd, int ms, bool *told)
{
	return pg_listen(l->pg, wake_fd, ms, told);
}

/* PostgreSQL takes no byte that is not UTF-8, and an error names what has such: a file. */
static const char *
ledger_text(void *mem, const char *s)
{
	struct strbuf sb;

	if (!s)
		return NULL;
	strbuf_init(&sb, mem, LEDGER_JSON_MAX);
	while (*s) {
		size_t n = utf8_length(s);

		if (n)
			strbuf_add(&sb, s, n);
		else
			strbuf_printf(&sb, "\\x%02x", (unsigned)(unsigned char)*s);
		s += n ? n : 1;
	}
	return sb.s;
}

struct err *
ledger_do(void *mem, struct ledger *l, const char *name, const char *const *params, size_t n,
	  struct rows **rows)
{
	AUTO_MEM void *tmp = mem_root();
	const char *sql = sql_text(mem_printf(tmp, "ledger/statement/%s", name));
	const char **texts = mem_array(tmp, const char *, n + 1);

	for (size_t i = 0; i < n; i++)
		texts[i] = ledger_text(tmp, params[i]);
	struct err *e = pg_query(mem, l->pg, sql, texts, n, rows);
	return e ? err_wrap(e, "cannot write '%s' to the ledger", name) : NULL;
}

struct err *
ledger_read(void *mem, struct ledger *l, const char *name, const char *const *params, size_t n,
	    struct rows **out)
{
	AUTO_MEM void *tmp = mem_root();

	return pg_query(mem, l->pg, sql_text(mem_printf(tmp, "view/%s", name)), params, n, out);
}

struct err *
ledger_at(struct ledger *l, const char *moment)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = { moment ? "past, ledger" : "ledger", moment ? moment : "" };
	struct rows *r;

	TRY(pg_query(tmp, l->pg, sql_text("view/at"), params, 2, &r));
	l->past = moment != NULL;
	if (moment && !rows_bool(r, 0, "there"))
		return err_hint(err_new(ERR_CONFIG, "this ledger cannot tell of the past yet"),
				"it is older than this program: the next run brings it up to date");
	return NULL;
}

bool
ledger_is_past(const struct ledger *l)
{
	return l->past;
}

struct err *
ledger_mark(void *mem, struct ledger *l, char **hex)
{
	struct rows *r;

	TRY(ledger_do(mem, l, "mark", NULL, 0, &r));
	*hex = mem_strdup(mem, rows_get(r, 0, "mark"));
	return NULL;
}

/* --- runs --- */

static const char *
ledger_user(void)
{
	struct passwd *pw = getpwuid(getuid());

	return pw ? pw->pw_name : "unknown";
}

char *
ledger_host(void *mem)
{
	char host[256] = "localhost";

	gethostname(host, sizeof(host) - 1);
	return mem_strdup(mem, host);
}

struct err *
ledger_run_new(struct ledger *l, const char *pipeline, const char *mode, const char *warehouse,
	       const char *options, long long *id)
{
	AUTO_MEM void *tmp = mem_root();
	int pid = (int)getpid();
	const char *params[] = { pipeline,
				 mode,
				 warehouse,
				 options,
				 BIKEOPS_VERSION,
				 ledger_user(),
				 ledger_host(tmp),
				 NUMBER(tmp, pid),
				 NUMBER(tmp, process_start_ticks(pid)) };
	struct rows *r;

	TRY(ledger_do(tmp, l, "run_new", params, 9, &r));
	*id = rows_int(r, 0, "id");
	return NULL;
}

struct err *
ledger_run_get(void *mem, struct ledger *l, long long id, struct ledger_run **out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *param = NUMBER(tmp, id);
	struct rows *r;

	TRY(ledger_do(mem, l, "run_get", &param, 1, &r));
	if (!r->n)
		return err_hint(err_new(ERR_NOTFOUND, "there is no run %lld", id),
				"'bikeops runs' lists them");
	struct ledger_run *run = mem_new(mem, struct ledger_run);
	*run = (struct ledger_run){
		.id = id,
		.pipeline = rows_get(r, 0, "pipeline"),
		.mode = rows_get(r, 0, "mode"),
		.warehouse = rows_get(r, 0, "warehouse"),
		.options = rows_get(r, 0, "options"),
		.state = rows_get(r, 0, "state"),
		.prefix = rows_get(r, 0, "prefix"),
		.manifest = rows_get(r, 0, "manifest"),
		.engine = rows_get(r, 0, "engine"),
		.attempt = (int)rows_int(r, 0, "attempt"),
	};
	*out = run;
	return NULL;
}

struct err *
ledger_run_begin(struct ledger *l, long long id, int *attempt)
{
	AUTO_MEM void *tmp = mem_root();
	int pid = (int)getpid();
	const char *params[] = { NUMBER(tmp, id), ledger_host(tmp), NUMBER(tmp, pid),
				 NUMBER(tmp, process_start_ticks(pid)) };
	struct rows *r;

	TRY(ledger_do(tmp, l, "run_begin", params, 4, &r));
	assert(r->n == 1);
	*attempt = (int)rows_int(r, 0, "attempt");
	if (rows_bool(r, 0, "cancel_requested"))
		cancel_request();
	return NULL;
}

struct err *
ledger_run_set(struct ledger *l, long long id, const char *column, const char *value)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = { NUMBER(tmp, id), value };

	return ledger_do(tmp, l, mem_printf(tmp, "run_%s", column), params, 2, NULL);
}

struct err *
ledger_run_end(struct ledger *l, long long id, const char *state, const struct err *e)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = { NUMBER(tmp, id), state, e ? err_name(e->code) : NULL,
				 e ? err_text(tmp, e) : NULL, err_hint_of(e) };

	TRY(pg_exec(l->pg, "set synchronous_commit = on"));
	return ledger_do(tmp, l, "run_end", params, 5, NULL);
}

/* --- tasks and steps --- */

struct err *
ledger_task_begin(struct ledger *l, long long run, const char *task, int attempt, int ordinal)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = { NUMBER(tmp, run), task, NUMBER(tmp, attempt),
				 NUMBER(tmp, ordinal) };

	return ledger_do(tmp, l, "task_begin", params, 4, NULL);
}

struct err *
ledger_task_end(struct ledger *l, long long run, const char *task, int attempt, const char *state,
		long long peak_kib, const struct err *e)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = { NUMBER(tmp, run),	task,
				 NUMBER(tmp, attempt),	state,
				 NUMBER(tmp, peak_kib), e ? err_text(tmp, e) : NULL };

	return ledger_do(tmp, l, "task_end", params, 6, NULL);
}

static struct rows *
ledger_step_rows(void *mem, const struct ledger_step *steps, size_t n)
{
	static const char *const names[] = { "name",  "state",	    "ordinal",	"rows", "bytes",
					     "total", "started_us", "ended_us", "note" };
	struct rows *r = rows_new(mem, 9);

	for (size_t c = 0; c < 9; c++)
		rows_column(r, c, names[c], c < 2 || c > 7 ? ROWS_TEXT : ROWS_INT);
	for (size_t i = 0; i < n; i++) {
		const struct ledger_step *s = &steps[i];
		const char *cells[] = { s->name,
					s->state,
					NUMBER(mem, s->ordinal),
					NUMBER(mem, s->rows),
					NUMBER(mem, s->bytes),
					s->total < 0 ? NULL : NUMBER(mem, s->total),
					NUMBER(mem, s->started_us),
					s->ended_us ? NUMBER(mem, s->ended_us) : NULL,
					s->note };
		rows_add(r, cells);
	}
	return r;
}

static char *
ledger_json(void *mem, const struct rows *rows)
{
	struct strbuf sb;

	strbuf_init(&sb, mem, LEDGER_JSON_MAX);
	rows_json(rows, &sb);
	return sb.s;
}

struct err *
ledger_steps(struct ledger *l, long long run, int attempt, const struct ledger_step *steps,
	     size_t n)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = { NUMBER(tmp, run), NUMBER(tmp, attempt),
				 ledger_json(tmp, ledger_step_rows(tmp, steps, n)) };

	return n ? ledger_do(tmp, l, "steps", params, 3, NULL) : NULL;
}

/* --- numbers --- */

struct err *
ledger_books_put(struct ledger *l, const char *warehouse, const struct rows *books)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = { warehouse, ledger_json(tmp, books) };

	return ledger_do(tmp, l, "books", params, 2, NULL);
}

struct err *
ledger_books_have(struct ledger *l, const char *warehouse, long long run, bool *have)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = { warehouse, NUMBER(tmp, run) };
	struct rows *r;

	TRY(ledger_do(tmp, l, "books_have", params, 2, &r));
	*have = rows_bool(r, 0, "have");
	return NULL;
}

struct err *
ledger_layer_put(struct ledger *l, long long run, const char *layer, const struct rows *counts)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = { NUMBER(tmp, run), layer, ledger_json(tmp, counts) };

	return ledger_do(tmp, l, "layer", params, 3, NULL);
}

struct err *
ledger_cost_put(struct ledger *l, long long run, const struct rows *costs)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = { NUMBER(tmp, run), ledger_json(tmp, costs) };

	return costs->n ? ledger_do(tmp, l, "cost", params, 2, NULL) : NULL;
}

struct err *
ledger_busy_put(struct ledger *l, long long run, const struct price_busy *busy, size_t n)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r = rows_new(tmp, 2);

	rows_column(r, 0, "began_us", ROWS_INT);
	rows_column(r, 1, "ended_us", ROWS_INT);
	for (size_t i = 0; i < n; i++) {
		const char *cells[] = { NUMBER(tmp, busy[i].began_us),
					NUMBER(tmp, busy[i].ended_us) };
		rows_add(r, cells);
	}
	const char *params[] = { NUMBER(tmp, run), ledger_json(tmp, r) };
	return n ? ledger_do(tmp, l, "busy", params, 2, NULL) : NULL;
}

struct err *
ledger_busy_get(void *mem, struct ledger *l, long long run, struct price_busy **busy, size_t *n)
{
	AUTO_MEM void *tmp = mem_root();
	const char *id = NUMBER(tmp, run);
	struct rows *r;

	TRY(ledger_do(tmp, l, "busy_get", &id, 1, &r));
	*n = r->n;
	*busy = mem_array(mem, struct price_busy, r->n + 1);
	for (size_t i = 0; i < r->n; i++)
		(*busy)[i] = (struct price_busy){ rows_int(r, i, "began_us"),
						  rows_int(r, i, "ended_us") };
	return NULL;
}
