#include "ops/cancel.h"

#include "base/mem.h"
#include "ledger/ledger.h"
#include "run/spark.h"

#include <string.h>

static struct err *
end_job(void *mem, const struct settings *settings, const struct ledger_run *run, const char **job)
{
	if (!run->prefix || !*settings_get(settings, "emr_application") ||
	    strcmp(settings_get(settings, "lake"), "s3"))
		return NULL;
	struct err *e = spark_end(mem, settings, run->prefix, job);
	if (!e)
		return NULL;
	return err_hint(
		err_wrap(e, "run %lld does not run, and a Spark job of it may go on", run->id),
		"'bikeops emr jobs' lists the jobs, 'bikeops emr cancel JOB' ends one");
}

struct err *
cancel_run(void *mem, const struct settings *settings, long long id, const char **job)
{
	AUTO_MEM void *tmp = mem_root();
	struct ledger *ledger;
	struct ledger_run *run;
	bool dead = false;

	*job = NULL;
	TRY(ledger_open(tmp, settings, false, &ledger));
	TRY(ledger_run_get(tmp, ledger, id, &run));
	struct err *e = ledger_cancel(ledger, id, &dead);
	if (e ? e->code != ERR_REFUSED || !strcmp(run->state, "ok") : !dead)
		return e;
	struct err *left = end_job(mem, settings, run, job);
	if (!left && !*job)
		return e;
	err_free(e);
	return left;
}
