#include "source/session.h"

#include "base/mem.h"
#include "base/sql.h"
#include "remote/rds_token.h"

#include <string.h>

struct err *
source_session(void *mem, const struct source *s, struct pg **out)
{
	struct pg_config config = {
		.dsn = s->dsn,
		.where = s->where,
		.what = "source",
		.role = s->role,
		.app = s->app,
		.login = s->login,
	};

	return pg_open(mem, &config, out);
}

struct err *
source_ready(struct source *s)
{
	if (s->pg && pg_lost(s->pg)) {
		mem_free(s->pg);
		s->pg = NULL;
	}
	return s->pg ? NULL : source_session(s, s, &s->pg);
}

static struct err *
source_login(struct source *s)
{
	const char *region = settings_get(s->settings, "region");

	if (strcmp(settings_get(s->settings, "source_auth"), "iam"))
		return NULL;
	s->login = mem_new(s, struct pg_login);
	struct err *e = rds_login(s, s->dsn, *region ? region : NULL, s->login);
	return e ? err_wrap(e, "cannot use 'source_dsn' with source_auth = iam") : NULL;
}

struct err *
source_open(void *mem, const struct settings *settings, const char *role, const char *app,
	    struct source **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct source *s = mem_new(tmp, struct source);

	s->settings = settings;
	TRY(settings_need(settings, "source_dsn", &s->dsn));
	s->where = settings_where(s, settings, "source_dsn");
	s->role = role ? mem_strdup(s, role) : NULL;
	s->app = app ? mem_strdup(s, app) : NULL;
	TRY(source_login(s));
	TRY(source_ready(s));
	mem_move(mem, s);
	*out = s;
	return NULL;
}

struct err *
source_transact(struct source *s, const char *begin,
		struct err *(*job)(struct source *s, void *arg), void *arg)
{
	TRY(source_ready(s));
	struct err *e = pg_script(s->pg, begin);
	if (!e)
		e = job(s, arg);
	if (!e)
		return pg_exec(s->pg, "commit");
	struct err *lost = pg_exec(s->pg, "rollback");
	if (lost) { /* the server rolls back what has lost its session */
		mem_free(s->pg);
		s->pg = NULL;
	}
	return err_first(e, lost);
}

struct err *
source_settings(struct pg *pg, bool full, const char *prev_snapshot, const char *timezone,
		const char *from, const char *to, const char *extra)
{
	const char *params[] = { full ? "t" : "f", prev_snapshot, timezone, from, to, extra };

	return pg_query(pg, pg, sql_text("window/settings"), params, 6, NULL);
}
