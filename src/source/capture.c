#include "source/capture.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/time.h"
#include "remote/migrate.h"

#include <string.h>

#define CAPTURE_TRIES	 30
#define CAPTURE_PAUSE_MS 500

struct capture_work {
	struct err *(*job)(struct source *s, const char *table);
	const char *table;
};

/* A lock queues behind every open writer and stops all later ones: no longer than this at a time.
 */
static struct err *
capture_locked(struct source *s, void *arg)
{
	const struct capture_work *w = arg;

	TRY(pg_exec(s->pg, "set local lock_timeout = '2s'"));
	return w->job(s, w->table);
}

struct err *
capture_retry(struct source *s, const char *table,
	      struct err *(*job)(struct source *s, const char *table))
{
	struct capture_work w = { job, table };
	struct err *e = NULL;

	for (int i = 0; i < CAPTURE_TRIES; i++) {
		err_free(e);
		e = source_transact(s, "begin", capture_locked, &w);
		if (!e)
			return NULL;
		if (e->code != ERR_CONFLICT)
			return err_wrap(e, "cannot change 'store.%s'", table);
		log_info("'store.%s' is locked by others, trying again", table);
		time_sleep_ms(CAPTURE_PAUSE_MS);
	}
	err_free(e);
	return err_hint(
		err_new(ERR_LOCKED, "'store.%s' stays locked by an open transaction", table),
		"end it and run the same again; while that waits, 'bikeops doctor' names its session");
}

static struct err *
capture_table(struct source *s, const char *table)
{
	AUTO_MEM void *tmp = mem_root();

	TRY(pg_exec(s->pg, sql_text("source/capture_renew")));
	return pg_script(s->pg, sql_text(mem_printf(tmp, "source/triggers/%s", table)));
}

/* As the login role: it owns the shop's tables. */
struct err *
source_install_capture(struct source *s, const char *warehouse, struct progress *progress)
{
	AUTO_MEM void *tmp = mem_root();
	const char *const folders[] = { "capture" };
	struct rows *broken;

	TRY(source_ready(s));
	TRY(pg_script(s->pg, sql_text("source/roles")));
	TRY(pg_script(s->pg, sql_text("source/rights")));
	if (!strcmp(settings_get(s->settings, "source"), "aws_s3")) {
		TRY(pg_script(s->pg, sql_text("source/aws_s3_make")));
		TRY(pg_script(s->pg, sql_text("source/aws_s3_rights")));
	}
	TRY(migrate(s->pg, "bikeops_capture", folders, 1, true));
	TRY(pg_query(tmp, s->pg, sql_text("source/capture_broken"), NULL, 0, &broken));
	for (size_t i = 0; i < broken->n; i++) {
		TRY(capture_retry(s, rows_cell(broken, i, 0), capture_table));
		progress_tell(progress, "create_triggers", (long long)i + 1, 0,
			      (long long)broken->n);
	}
	TRY(pg_exec(s->pg, sql_text("source/capture_finish")));
	return pg_query(tmp, s->pg, sql_text("source/capture_register"), &warehouse, 1, NULL);
}
