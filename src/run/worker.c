#include "run/worker.h"

#include "base/log.h"
#include "base/mem.h"
#include "run/cost.h"
#include "run/heart.h"
#include "run/runner.h"

#include <string.h>

static struct err *
worker_tasks(struct run *run, const struct ledger_run *row)
{
	const struct task *const *tasks = !strcmp(row->pipeline, "setup") ? setup_tasks
					  : !strcmp(row->mode, "undo")	  ? undo_tasks
									  : pipeline_tasks;

	run->heart = heart_start(run, run->settings, run->id);
	struct err *e = runner_run(run, tasks);
	cost_sessions(run);
	heart_stop(run->heart);
	return e;
}

static struct err *
worker_prepare(struct run *run, const struct ledger_run *row)
{
	const char *dsn;

	TRY(settings_need(run->settings, "warehouse_dsn", &dsn));
	run->warehouse_name = run_warehouse_name(run, run->settings);
	run->manifest = row->manifest;
	return run_request_parse(run, row->mode, row->options, &run->request);
}

static struct err *
worker_end(struct run *run, struct err *e)
{
	const char *state = !e			       ? "ok"
			    : e->code == ERR_CANCELLED ? "cancelled"
			    : e->code == ERR_LOCKED    ? "refused"
						       : "failed";
	struct err *written = run_ledger_ready(run);
	if (!written)
		written = ledger_run_end(run->ledger, run->id, state, e);
	if (e && written)
		log_warn("the ledger does not know that run %lld %s", run->id, state);
	return err_first(e, written);
}

struct err *
worker_run(const struct settings *settings, long long id)
{
	AUTO_MEM void *tmp = mem_root();
	struct run *run = mem_new(tmp, struct run);
	struct ledger_run *row;

	run->settings = settings;
	run->id = id;
	TRY(ledger_open(run, settings, true, &run->ledger));
	TRY(ledger_run_get(run, run->ledger, id, &row));
	TRY(worker_prepare(run, row));
	struct err *e = ledger_lease(run->ledger, run->warehouse_name, id);
	if (e && row->attempt) /* an earlier attempt may be at work: its row is not ours to end */
		return e;
	if (!e)
		e = ledger_run_begin(run->ledger, id, &run->attempt);
	if (!e)
		e = worker_tasks(run, row);
	return worker_end(run, e);
}
