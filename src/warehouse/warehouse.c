#include "base/mem.h"
#include "base/sql.h"
#include "remote/migrate.h"
#include "warehouse/redshift.h"
#include "warehouse/session.h"

#include <string.h>

/* Redshift has neither indexes nor the roles: there the login owns all. */
static const char *const migrations[] = { "warehouse/common", "warehouse/postgres" };

static size_t
n_migrations(const struct warehouse *w)
{
	return w->redshift ? 1 : 2;
}

/* A statement that each kind has in its own words. */
static const char *
words(void *mem, const struct warehouse *w, const char *name)
{
	return mem_printf(mem, "warehouse/%s%s", w->redshift ? "redshift_" : "", name);
}

/* --- session --- */

/* No such schema, table or role: setup was not here. */
static struct err *
not_installed(struct err *e)
{
	static const char *const states[] = { "3F000", "42P01", "22023" };
	const char *state = e ? err_remote_of(e) : NULL;

	for (size_t i = 0; state && i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(state, states[i]))
			continue;
		err_free(e);
		return err_hint(err_new(ERR_CONFIG, "the warehouse is not set up"),
				"run 'bikeops setup'");
	}
	return e;
}

struct err *
warehouse_ready(struct warehouse *w)
{
	struct pg_config config = {
		.dsn = w->dsn,
		.where = w->where,
		.what = "warehouse",
		.role = w->redshift ? NULL : w->role,
		.app = w->app,
		.login = w->login.make ? &w->login : NULL,
		.session = w->redshift ? sql_text("warehouse/redshift_session") : NULL,
	};

	if (w->pg && pg_lost(w->pg)) {
		mem_free(w->pg);
		w->pg = NULL;
	}
	if (w->pg)
		return NULL;
	w->used = false;
	redshift_busy(w);
	struct err *e = pg_open(w, &config, &w->pg);
	redshift_idle(w);
	return not_installed(e);
}

struct err *
warehouse_fresh(struct warehouse *w)
{
	if (w->redshift && w->used) {
		mem_free(w->pg);
		w->pg = NULL;
	}
	TRY(warehouse_ready(w));
	return w->redshift ? NULL : pg_exec(w->pg, "discard temp");
}

struct err *
warehouse_open(void *mem, const struct settings *settings, const char *role, const char *app,
	       struct warehouse **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct warehouse *w = mem_new(tmp, struct warehouse);

	w->settings = settings;
	TRY(settings_need(settings, "warehouse_dsn", &w->dsn));
	w->where = settings_where(w, settings, "warehouse_dsn");
	w->role = role ? mem_strdup(w, role) : NULL;
	w->app = app ? mem_strdup(w, app) : NULL;
	w->redshift = !strcmp(settings_get(settings, "warehouse"), "redshift");
	if (w->redshift)
		TRY(redshift_prepare(w));
	TRY(warehouse_ready(w));
	mem_move(mem, w);
	*out = w;
	return NULL;
}

struct err *
warehouse_transact(struct warehouse *w, struct err *(*job)(struct pg *pg, void *arg), void *arg)
{
	TRY(warehouse_ready(w));
	redshift_busy(w);
	struct err *e = pg_exec(w->pg, "begin");
	if (!e)
		e = job(w->pg, arg);
	struct err *lost = pg_exec(w->pg, e ? "rollback" : "commit");
	redshift_idle(w);
	if (!e)
		return lost;
	if (lost) { /* the server rolls back what has lost its session */
		mem_free(w->pg);
		w->pg = NULL;
	}
	return err_first(e, lost);
}

struct err *
warehouse_ask(void *mem, struct warehouse *w, const char *name, const char *const *params, size_t n,
	      struct rows **out)
{
	TRY(warehouse_ready(w));
	redshift_busy(w);
	struct err *e = not_installed(pg_query(mem, w->pg, sql_text(name), params, n, out));
	redshift_idle(w);
	return e;
}

/* --- setup --- */

struct err *
warehouse_install(struct warehouse *w, const char *business_timezone)
{
	TRY(warehouse_ready(w));
	redshift_busy(w);
	struct err *e = migrate(w->pg, "bikeops", migrations, n_migrations(w), !w->redshift);
	redshift_idle(w);
	if (e)
		return e;
	return warehouse_ask(w, w, "warehouse/timezone", &business_timezone, 1, NULL);
}

struct err *
warehouse_drop(struct warehouse *w)
{
	TRY(warehouse_ready(w));
	redshift_busy(w);
	struct err *e = pg_exec(w->pg, sql_text("warehouse/drop"));
	redshift_idle(w);
	return e;
}

/* --- what is asked of it --- */

struct watermark
warehouse_watermark_of(const struct rows *r, long long k, long long run)
{
	return (struct watermark){
		.k = k,
		.run = run,
		.epoch = rows_get(r, 0, "epoch"),
		.s = rows_get(r, 0, "s"),
		.seq = rows_get(r, 0, "seq"),
		.xid = rows_get(r, 0, "xid"),
		.at = rows_get(r, 0, "at"),
		.business_timezone = rows_get(r, 0, "business_timezone"),
		.first_year = (int)rows_int(r, 0, "first_year"),
		.last_year = (int)rows_int(r, 0, "last_year"),
	};
}

struct err *
warehouse_watermark(void *mem, struct warehouse *w, struct watermark *out)
{
	struct rows *r;

	TRY(warehouse_ask(mem, w, "warehouse/watermark", NULL, 0, &r));
	*out = warehouse_watermark_of(r, rows_int(r, 0, "k"), rows_int(r, 0, "run"));
	return NULL;
}

struct err *
warehouse_fact_orders(void *mem, struct warehouse *w, const char *from, const char *to,
		      const char ***ids, size_t *n)
{
	const char *params[] = { from, to };
	struct rows *r;

	TRY(warehouse_ask(mem, w, "warehouse/fact_orders", params, 2, &r));
	*ids = r->cells;
	*n = r->n;
	return NULL;
}

struct err *
warehouse_books(void *mem, struct warehouse *w, long long after_k, struct rows **out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *k = mem_printf(tmp, "%lld", after_k);

	return warehouse_ask(mem, w, "warehouse/books", &k, 1, out);
}

struct err *
warehouse_counts(void *mem, struct warehouse *w, struct rows **out)
{
	return warehouse_ask(mem, w, "warehouse/counts", NULL, 0, out);
}

static const char *
count_migrations(void *mem, const struct warehouse *w)
{
	size_t sum = 0;

	for (size_t i = 0; i < n_migrations(w); i++) {
		const char **names;
		size_t n;

		sql_list(mem, migrations[i], &names, &n);
		sum += n;
	}
	return mem_printf(mem, "%zu", sum);
}

struct err *
warehouse_checks(void *mem, struct warehouse *w, struct rows **out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *expected = count_migrations(tmp, w);
	struct rows *server, *state;

	TRY(warehouse_ready(w));
	if (!w->redshift)
		TRY(pg_exec(w->pg, "set lock_timeout = '2s'"));
	TRY(warehouse_ask(tmp, w, words(tmp, w, "checks"), NULL, 0, &server));
	if (!strcmp(rows_get(server, server->n - 1, "state"), "ok")) {
		TRY(warehouse_ask(tmp, w, words(tmp, w, "checks_state"), &expected, 1, &state));
		for (size_t i = 0; i < state->n; i++)
			rows_add(server, &state->cells[i * state->n_cols]);
	}
	mem_move(mem, server);
	*out = server;
	return NULL;
}
