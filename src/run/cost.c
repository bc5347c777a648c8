#include "run/cost.h"

#include "base/log.h"
#include "base/mem.h"
#include "pipeline/price.h"

#define SERVICE "redshift-serverless"

static struct rows *
cost_rows(void *mem)
{
	static const char *const names[] = { "service", "what", "quantity",
					     "unit",	"usd",	"priced_on" };
	struct rows *r = rows_new(mem, 6);

	for (size_t i = 0; i < 6; i++)
		rows_column(r, i, names[i], i == 2 || i == 4 ? ROWS_NUMBER : ROWS_TEXT);
	return r;
}

/* Our own sessions at list price; what the whole workgroup was charged is others' use as well. */
static struct rows *
cost_of(void *mem, const struct settings *settings, const struct warehouse_use *use)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r = cost_rows(mem);
	double hours = use->rpu_seconds / 3600;
	const char *priced_on;
	long long price;
	bool priced = price_redshift(use->region, settings_get(settings, "redshift_price_rpu_hour"),
				     &price, &priced_on);
	const char *usd = priced ? price_usd(tmp, hours, price) : NULL;
	const char *ours[] = {
		SERVICE,  "our sessions, reckoned", mem_printf(tmp, "%.6f", hours), "RPU-h", usd,
		priced_on
	};
	rows_add(r, ours);
	if (use->charged_rpu_seconds > 0) {
		const char *all[] = { SERVICE,
				      "whole workgroup meanwhile, as charged so far",
				      mem_printf(tmp, "%.6f", use->charged_rpu_seconds / 3600),
				      "RPU-h",
				      NULL,
				      NULL };
		rows_add(r, all);
	}
	return r;
}

void
cost_warehouse(struct run *run, struct warehouse *w)
{
	AUTO_MEM void *tmp = mem_root();
	struct warehouse_use use;
	struct err *e = warehouse_used(tmp, w, run->batch->next.at, &use);

	if (!e && use.rpu_seconds > 0)
		e = ledger_cost_put(run->ledger, run->id, cost_of(tmp, run->settings, &use));
	if (e)
		log_warn("what the warehouse cost is not known: %s", err_text(tmp, e));
	err_free(e);
}
