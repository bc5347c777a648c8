/* How each kind of view is fetched from the ledger. */
#include "view/feed.h"

#include "base/mem.h"
#include "ledger/ledger.h"
#include "run/run.h"
#include "view/counts.h"
#include "view/runs.h"
#include "view/status.h"

#define FEED_RUNS_MAX 200

static struct err *
fetch_status(void *mem, const struct feed_call *call, const void **view)
{
	struct status *s = mem_new(mem, struct status);

	*view = s;
	return status_read(mem, call->settings, call->ledger, NULL, s);
}

static struct err *
fetch_runs(void *mem, const struct feed_call *call, const void **view)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r;

	TRY(runs_list(mem, call->ledger, run_warehouse_name(tmp, call->settings), FEED_RUNS_MAX,
		      &r));
	*view = r;
	return NULL;
}

/* The run meant: the one asked for, else the newest. */
static struct err *
feed_run_id(const struct feed_call *call, long long *id)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r;

	*id = call->want->run;
	if (*id)
		return NULL;
	TRY(runs_list(tmp, call->ledger, run_warehouse_name(tmp, call->settings), 1, &r));
	*id = r->n ? rows_int(r, 0, "run") : 0;
	return NULL;
}

static struct err *
fetch_run(void *mem, const struct feed_call *call, const void **view)
{
	struct run_view *v = mem_new(mem, struct run_view);
	long long id;

	TRY(feed_run_id(call, &id));
	TRY(runs_show(mem, call->ledger, id, v));
	*view = v;
	return NULL;
}

static struct err *
fetch_other(void *mem, const struct feed_call *call, const void **view)
{
	struct run_view *v = mem_new(mem, struct run_view);

	TRY(runs_show(mem, call->ledger, call->want->other, v));
	*view = v;
	return NULL;
}

static struct err *
fetch_counts(void *mem, const struct feed_call *call, const void **view)
{
	struct counts *n = mem_new(mem, struct counts);

	TRY(counts_fetch(mem, call->settings, call->ledger, false, n));
	*view = n;
	return NULL;
}

/* Of now, also where the rest is of the past. */
static struct err *
fetch_moments(void *mem, const struct feed_call *call, const void **view)
{
	const char *warehouse = run_warehouse_name(mem, call->settings);
	struct rows *r;

	TRY(ledger_read(mem, call->ledger, "moments", &warehouse, 1, &r));
	*view = r;
	return NULL;
}

static const struct feed_source kind_status = { fetch_status }, kind_runs = { fetch_runs },
				kind_run = { fetch_run }, kind_other = { fetch_other },
				kind_counts = { fetch_counts }, kind_moments = { fetch_moments };

/* In this order: what is looked at most comes first. */
const struct feed_source *const feed_sources[FEED_KINDS] = {
	[FEED_STATUS] = &kind_status,	[FEED_PIPELINE] = &feed_pipeline,
	[FEED_RUNS] = &kind_runs,	[FEED_RUN] = &kind_run,
	[FEED_OTHER] = &kind_other,	[FEED_COUNTS] = &kind_counts,
	[FEED_MOMENTS] = &kind_moments,
};
