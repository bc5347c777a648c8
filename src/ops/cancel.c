#include "ops/cancel.h"

#include "base/mem.h"
#include "ledger/ledger.h"
#include "run/spark.h"

#include <string.h>

struct err *
cancel_run(void *mem, const struct settings *settings, long long id, const char **ended)
{
	AUTO_MEM void *tmp = mem_root();
	struct ledger *ledger;
	struct ledger_run *run;
	bool dead = false;

	*ended = NULL;
	TRY(ledger_open(tmp, settings, false, &ledger));
	TRY(ledger_run_get(tmp, ledger, id, &run));
	struct err *e = ledger_cancel(ledger, id, &dead);
	if (e ? e->code != ERR_REFUSED || !strcmp(run->state, "ok") : !dead)
		return e;
	struct err *left = spark_end(mem, settings, ledger, run, ended);
	if (!left && !*ended)
		return e;
	err_free(e);
	return left;
}
