#include "ops/start.h"

#include "base/cancel.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/time.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_POLL_MS 30

static struct err *
start_allowed(const struct settings *settings, const struct run_request *request)
{
	if (!settings_bool(settings, "production") || (!request->recreate && !request->dataset))
		return NULL;
	return err_hint(err_new(ERR_REFUSED, "profile '%s' is production: %s is refused",
				settings_profile(settings),
				request->recreate ? "--recreate" : "--dataset"),
			"a database that holds nothing of worth has 'production = false'");
}

/* Airflow names its run to what its tasks start.  Source: BashOperator's environment. */
static const char *
start_airflow(void *mem)
{
	const char *dag = getenv("AIRFLOW_CTX_DAG_ID"), *run = getenv("AIRFLOW_CTX_DAG_RUN_ID");

	return dag && run ? mem_printf(mem, "dag_id=%s/run_id=%s", dag, run) : NULL;
}

struct err *
start_new(const struct settings *settings, const struct run_request *request, long long *id)
{
	AUTO_MEM void *tmp = mem_root();
	bool setup = !strcmp(request->mode, "setup");
	struct run_request full = *request;
	struct ledger *ledger;
	const char *dsn;
	char *options;

	full.airflow = start_airflow(tmp);
	TRY(start_allowed(settings, request));
	TRY(settings_need(settings, "source_dsn", &dsn));
	TRY(settings_need(settings, "warehouse_dsn", &dsn));
	TRY(run_request_json(tmp, &full, &options));
	TRY(ledger_open(tmp, settings, false, &ledger));
	return ledger_run_new(ledger, setup ? "setup" : "pipeline", request->mode,
			      run_warehouse_name(tmp, settings), options, id);
}

struct err *
start_again(const struct settings *settings, long long id)
{
	AUTO_MEM void *tmp = mem_root();
	struct ledger *ledger;
	struct ledger_run *run;

	TRY(ledger_open(tmp, settings, false, &ledger));
	TRY(ledger_run_get(tmp, ledger, id, &run));
	if (!strcmp(run->state, "ok"))
		return err_hint(err_new(ERR_REFUSED,
					"run %lld is done: there is nothing to go on with", id),
				"'bikeops run incremental' loads what changed since");
	return NULL; /* one that still runs holds the lease */
}

static struct err *
start_log(const struct settings *settings, long long id, int *fd)
{
	AUTO_MEM void *tmp = mem_root();
	struct lake *lake;
	char *path;

	TRY(lake_open(tmp, settings, &lake));
	TRY(lake_log_path(tmp, lake, mem_printf(tmp, "run-log/%lld/worker.log", id), &path));
	*fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0660);
	return *fd < 0 ? err_sys(ERR_CONFIG, "cannot write the log '%s'", path) : NULL;
}

/* The worker tells the ledger what it would tell us. */
static struct err *
start_wait(const struct settings *settings, long long id, pid_t pid)
{
	AUTO_MEM void *tmp = mem_root();
	struct ledger *ledger;
	bool opened = false;

	TRY(ledger_open(tmp, settings, false, &ledger));
	while (!opened) {
		struct err *ended = process_ended("bikeops worker", pid);
		struct err *e = ledger_run_opened(ledger, id, &opened);

		if (!e && !opened && ended)
			return err_hint(ended, "'bikeops logs %lld' tells more", id);
		err_free(ended);
		if (e)
			return e;
		TRY(cancel_check());
		time_sleep_ms(START_POLL_MS);
	}
	return NULL;
}

struct err *
start_worker(const struct settings *settings, const char *config, long long id)
{
	AUTO_MEM void *tmp = mem_root();
	const char *argv[] = { "/proc/self/exe",
			       "worker",
			       mem_printf(tmp, "%lld", id),
			       "--profile",
			       settings_profile(settings),
			       config ? "--config" : NULL,
			       config,
			       NULL };
	struct process p = { .argv = argv };
	pid_t pid;
	int fd;

	TRY(start_log(settings, id, &fd));
	struct err *e = process_start(&p, fd, &pid);
	close(fd);
	if (e)
		return e;
	e = start_wait(settings, id, pid);
	if (e && cancel_requested())
		return err_hint(e, "run %lld goes on; 'bikeops run cancel %lld' ends it", id, id);
	return e;
}
