/* The right to run. */
#include "ledger/session.h"

#include "base/alive.h"

#include <string.h>
#include <unistd.h>

/* A process of this host that is gone holds nothing; of another host we know only the time. */
static bool
ledger_process_gone(const struct rows *r)
{
	AUTO_MEM void *tmp = mem_root();
	const char *host = rows_get(r, 0, "host");

	return host && !strcmp(host, ledger_host(tmp)) &&
	       !process_alive((int)rows_int(r, 0, "pid"), rows_int(r, 0, "pid_start"));
}

static struct err *
ledger_held(const struct rows *holder)
{
	const char *run = rows_get(holder, 0, "run");

	return err_hint(err_new(ERR_LOCKED,
				"run %s is at work on this warehouse (pid %s on '%s', for "
				"%lld s)",
				run, rows_get(holder, 0, "pid"), rows_get(holder, 0, "host"),
				rows_int(holder, 0, "seconds")),
			"wait for it, or end it by 'bikeops run cancel %s'", run);
}

/* Free the lease that a dead process left; ERR_LOCKED where its holder lives. */
static struct err *
ledger_lease_free(struct ledger *l, const char *warehouse)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *holder;

	TRY(ledger_do(tmp, l, "lease_holder", &warehouse, 1, &holder));
	if (!holder->n)
		return NULL;
	if (!rows_bool(holder, 0, "expired") && !ledger_process_gone(holder))
		return ledger_held(holder);
	const char *run = rows_get(holder, 0, "run");
	return ledger_do(tmp, l, "run_orphan", &run, 1, NULL);
}

/* Runs of this host that ended without a word. */
static struct err *
ledger_bury(struct ledger *l, const char *warehouse)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = { warehouse, ledger_host(tmp) };
	struct rows *r;

	TRY(ledger_do(tmp, l, "runs_alive", params, 2, &r));
	for (size_t i = 0; i < r->n; i++) {
		const char *run = rows_get(r, i, "id");

		if (!process_alive((int)rows_int(r, i, "pid"), rows_int(r, i, "pid_start")))
			TRY(ledger_do(tmp, l, "run_orphan", &run, 1, NULL));
	}
	return NULL;
}

static struct err *
ledger_lease_take(struct ledger *l, const char *warehouse, long long run)
{
	AUTO_MEM void *tmp = mem_root();
	int pid = (int)getpid();
	const char *params[] = { warehouse, NUMBER(tmp, run), ledger_host(tmp), NUMBER(tmp, pid),
				 NUMBER(tmp, process_start_ticks(pid)) };

	TRY(ledger_bury(l, warehouse));
	TRY(ledger_lease_free(l, warehouse));
	return ledger_do(tmp, l, "lease_take", params, 5, NULL);
}

struct err *
ledger_lease(struct ledger *l, const char *warehouse, long long run)
{
	AUTO_MEM void *tmp = mem_root();

	TRY(pg_exec(l->pg, "begin"));
	/* The row may not be there yet: the lock is on the name. */
	struct err *e = pg_query(tmp, l->pg, "select pg_advisory_xact_lock(hashtext($1))",
				 &warehouse, 1, NULL);
	if (!e)
		e = ledger_lease_take(l, warehouse, run);
	if (!e)
		return pg_exec(l->pg, "commit");
	err_free(pg_exec(l->pg, "rollback"));
	return e;
}

struct err *
ledger_beat(struct ledger *l, long long run, bool *cancel)
{
	AUTO_MEM void *tmp = mem_root();
	const char *param = NUMBER(tmp, run);
	struct rows *r;

	TRY(ledger_do(tmp, l, "beat", &param, 1, &r));
	*cancel = r->n && rows_bool(r, 0, "cancel_requested");
	return NULL;
}

struct err *
ledger_cancel(struct ledger *l, long long id, bool *dead)
{
	AUTO_MEM void *tmp = mem_root();
	const char *param = NUMBER(tmp, id);
	struct ledger_run *run;
	struct rows *r;

	TRY(ledger_run_get(tmp, l, id, &run));
	TRY(ledger_do(tmp, l, "run_cancel", &param, 1, &r));
	if (!r->n)
		return err_new(ERR_REFUSED, "run %lld does not run: it is %s", id, run->state);
	*dead = rows_bool(r, 0, "expired") || ledger_process_gone(r);
	return *dead ? ledger_do(tmp, l, "run_orphan", &param, 1, NULL) : NULL;
}

struct err *
ledger_run_opened(struct ledger *l, long long id, bool *opened)
{
	AUTO_MEM void *tmp = mem_root();
	const char *param = NUMBER(tmp, id);
	struct rows *r;

	TRY(ledger_do(tmp, l, "run_state", &param, 1, &r));
	if (rows_get(r, 0, "error"))
		return err_hint(err_new(err_code_of(rows_get(r, 0, "error_code")), "%s",
					rows_get(r, 0, "error")),
				"%s",
				rows_get(r, 0, "hint") ? rows_get(r, 0, "hint")
						       : "'bikeops logs' tells more");
	*opened = rows_bool(r, 0, "opened") || !strcmp(rows_get(r, 0, "state"), "ok");
	return NULL;
}
