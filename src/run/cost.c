#include "run/cost.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "pipeline/price.h"

#define SERVICE	  "redshift-serverless"
#define HOUR_S	  3600
#define COST_COLS 6

static void
unknown(struct err *e)
{
	AUTO_MEM void *tmp = mem_root();

	if (e)
		log_warn("what the warehouse cost is not known: %s", err_text(tmp, e));
	err_free(e);
}

static struct err *
put(struct run *run, const char *what, double rpu_seconds, const char *usd, const char *priced_on)
{
	static const char *const names[] = { "service", "what", "quantity",
					     "unit",	"usd",	"priced_on" };
	AUTO_MEM void *tmp = mem_root();
	struct rows *r = rows_new(tmp, COST_COLS);
	const char *cells[] = { SERVICE, what, mem_printf(tmp, "%.6f", rpu_seconds / HOUR_S),
				"RPU-h", usd,  priced_on };

	for (size_t i = 0; i < COST_COLS; i++)
		rows_column(r, i, names[i], i == 2 || i == 4 ? ROWS_NUMBER : ROWS_TEXT);
	rows_add(r, cells);
	return ledger_cost_put(run->ledger, run->id, r);
}

void
cost_busy(struct run *run)
{
	size_t n;

	if (!run->warehouse)
		return;
	const struct price_busy *busy = warehouse_busy(run->warehouse, &n);
	unknown(ledger_busy_put(run->ledger, run->id, busy, n));
}

static struct err *
tell_workgroup(struct run *run)
{
	AUTO_MEM void *tmp = mem_root();
	struct price_busy *busy;
	size_t n;

	cost_busy(run);
	TRY(ledger_busy_get(tmp, run->ledger, run->id, &busy, &n));
	if (!n)
		return NULL;
	double charged = warehouse_charged(run->warehouse, time_iso(tmp, busy[0].began_us));
	if (charged <= 0)
		return NULL;
	return put(run, "whole workgroup meanwhile, as charged so far", charged, NULL, NULL);
}

void
cost_workgroup(struct run *run)
{
	unknown(tell_workgroup(run));
}

static struct err *
tell_sessions(struct run *run)
{
	AUTO_MEM void *tmp = mem_root();
	const char *region, *priced_on;
	struct price_busy *busy;
	long long price;
	size_t n;
	int rpus;

	TRY(ledger_busy_get(tmp, run->ledger, run->id, &busy, &n));
	if (!n || !*settings_get(run->settings, "redshift_workgroup"))
		return NULL;
	TRY(warehouse_size(tmp, run->settings, &region, &rpus));
	double used = price_active_s(busy, n) * rpus;
	bool priced = price_redshift(region, settings_get(run->settings, "redshift_price_rpu_hour"),
				     &price, &priced_on);
	return put(run, "our sessions, reckoned", used,
		   priced ? price_usd(tmp, used / HOUR_S, price) : NULL, priced ? priced_on : NULL);
}

void
cost_sessions(struct run *run)
{
	unknown(tell_sessions(run));
}
