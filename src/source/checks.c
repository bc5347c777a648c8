#include "base/mem.h"
#include "base/sql.h"
#include "remote/rds_token.h"
#include "source/extract.h"

#include <string.h>

struct err *
source_consumed(struct source *s, const char *warehouse, const struct watermark *wm)
{
	const char *params[] = { warehouse, wm->s, wm->business_timezone };

	TRY(source_ready(s));
	return pg_query(s, s->pg, sql_text("window/consumed"), params, 3, NULL);
}

struct err *
source_counts(void *mem, struct source *s, struct rows **out)
{
	TRY(source_ready(s));
	return pg_query(mem, s->pg, sql_text("source/counts"), NULL, 0, out);
}

struct err *
source_behind(void *mem, struct source *s, const char *warehouse, struct rows **out)
{
	TRY(source_ready(s));
	return pg_query(mem, s->pg, sql_text("source/behind"), &warehouse, 1, out);
}

static void
checks_add(struct rows *r, const char *name, const char *value, const char *limit,
	   const char *state, const char *hint)
{
	const char *cells[] = { name, value, limit, state, hint };

	rows_add(r, cells);
}

/* How the session came about, and what RDS may do by itself. */
static struct err *
checks_session(struct source *s, struct rows *r)
{
	AUTO_MEM void *tmp = mem_root();
	const char *why = NULL;
	char *who;
	bool safe;
	const char *tls = pg_tls(s->pg, &safe);

	checks_add(r, "TLS", tls, "on", safe ? "ok" : "warn",
		   safe ? NULL
			: "write 'sslmode=verify-full' and 'sslrootcert=..' into source_dsn");
	if (s->login) {
		TRY(rds_identity(tmp, s->login, &who));
		checks_add(r, "login",
			   mem_printf(tmp, "a token of 15 min for each session, by %s", who), NULL,
			   "ok", NULL);
	}
	if (strcmp(settings_get(s->settings, "source"), "aws_s3"))
		return NULL;
	TRY(aws_s3_ready(tmp, s->pg, s->settings, AWS_S3_EXPORT, &why));
	checks_add(
		r, "export by RDS", why ? why : "aws_s3", "aws_s3", why ? "warn" : "ok",
		why ? "rows come by COPY: as rds_superuser CREATE EXTENSION aws_s3 CASCADE, GRANT "
		      "USAGE ON SCHEMA aws_s3 TO bikeops_run, GRANT EXECUTE ON ALL FUNCTIONS IN "
		      "SCHEMA aws_s3 TO bikeops_run"
		    : NULL);
	return NULL;
}

struct err *
source_locks(void *mem, struct source *s, struct rows **out)
{
	TRY(source_ready(s));
	return pg_query(mem, s->pg, sql_text("view/locks"), NULL, 0, out);
}

struct err *
source_checks(void *mem, struct source *s, const struct watermark *wm, struct rows **out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = { wm && wm->k ? wm->epoch : NULL, wm && wm->k ? wm->s : NULL };
	struct rows *server, *window;

	TRY(source_ready(s));
	TRY(pg_exec(s->pg, "set lock_timeout = '2s'"));
	TRY(pg_query(tmp, s->pg, sql_text("source/checks"), NULL, 0, &server));
	if (!strcmp(rows_get(server, server->n - 1, "state"), "ok")) {
		TRY(pg_query(tmp, s->pg, sql_text("window/checks"), params, 2, &window));
		for (size_t i = 0; i < window->n; i++)
			rows_add(server, &window->cells[i * window->n_cols]);
	}
	TRY(checks_session(s, server));
	mem_move(mem, server);
	*out = server;
	return NULL;
}
