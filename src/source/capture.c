#include "base/log.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/time.h"
#include "remote/migrate.h"
#include "source/session.h"

#define CAPTURE_TRIES	 30
#define CAPTURE_PAUSE_MS 500

/*
 * The triggers of one table.  Its lock queues behind every open writer and stops
 * all later ones, so it waits no longer than two seconds at a time.
 */
static struct err *
capture_table(struct source *s, void *arg)
{
	AUTO_MEM void *tmp = mem_root();
	const char *table = arg;

	TRY(pg_exec(s->pg, "set local lock_timeout = '2s'"));
	TRY(pg_exec(s->pg, sql_text("source/capture_renew")));
	return pg_script(s->pg, sql_text(mem_printf(tmp, "source/triggers/%s", table)));
}

static struct err *
capture_retry(struct source *s, char *table)
{
	struct err *e = NULL;

	for (int i = 0; i < CAPTURE_TRIES; i++) {
		err_free(e);
		e = source_transact(s, "begin", capture_table, table);
		if (!e)
			return NULL;
		if (e->code != ERR_CONFLICT)
			return err_wrap(e, "cannot capture 'store.%s'", table);
		log_info("'store.%s' is locked by others, trying again", table);
		time_sleep_ms(CAPTURE_PAUSE_MS);
	}
	err_free(e);
	return err_hint(
		err_new(ERR_LOCKED, "'store.%s' stays locked by an open transaction", table),
		"end it ('bikeops doctor' shows the oldest one) and run 'bikeops setup' again");
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
	TRY(migrate(s->pg, "bikeops_capture", folders, 1));
	TRY(pg_query(tmp, s->pg, sql_text("source/capture_broken"), NULL, 0, &broken));
	for (size_t i = 0; i < broken->n; i++) {
		TRY(capture_retry(s, mem_strdup(tmp, rows_cell(broken, i, 0))));
		progress_tell(progress, "create_triggers", (long long)i + 1, 0,
			      (long long)broken->n);
	}
	TRY(pg_exec(s->pg, sql_text("source/capture_finish")));
	return pg_query(tmp, s->pg, sql_text("source/capture_register"), &warehouse, 1, NULL);
}
