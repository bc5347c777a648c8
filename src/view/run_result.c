#include "view/run_result.h"

#include "base/mem.h"
#include "ledger/ledger.h"

struct err *
run_result_fetch(void *mem, const struct settings *settings, long long id, struct rows **run,
		 struct rows **tables)
{
	AUTO_MEM void *tmp = mem_root();
	const char *param = mem_printf(tmp, "%lld", id);
	struct ledger *l;

	TRY(ledger_open_read(tmp, settings, &l));
	TRY(ledger_read(mem, l, "run_head", &param, 1, run));
	return ledger_read(mem, l, "run_result", &param, 1, tables);
}
