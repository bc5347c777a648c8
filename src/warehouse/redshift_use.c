#include "base/log.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/time.h"
#include "remote/redshift_serverless.h"
#include "warehouse/redshift.h"

#define SIZE_BUDGET_S 10 /* a run that ends does not wait for long */

void
redshift_busy(struct warehouse *w)
{
	long long now = time_now_us();

	if (!w->redshift)
		return;
	if (w->n_busy && now <= price_active_until(&w->busy[w->n_busy - 1]))
		return;
	w->busy = mem_grow(w, w->busy, struct price_busy, w->n_busy + 1);
	w->busy[w->n_busy++] = (struct price_busy){ now, now };
}

void
redshift_idle(struct warehouse *w)
{
	if (w->redshift)
		w->busy[w->n_busy - 1].ended_us = time_now_us();
}

const struct price_busy *
warehouse_busy(const struct warehouse *w, size_t *n)
{
	*n = w->n_busy;
	return w->busy;
}

struct err *
warehouse_size(void *mem, const struct settings *settings, const char **region, int *rpus)
{
	AUTO_MEM void *tmp = mem_root();
	const char *named = settings_get(settings, "region"), *name;
	struct aws_config config = { .region = *named ? named : NULL,
				     .budget_s = SIZE_BUDGET_S,
				     .deaf = true };
	struct redshift_workgroup group;
	struct aws *aws;

	TRY(settings_need(settings, "redshift_workgroup", &name));
	TRY(aws_open(tmp, &config, &aws));
	TRY(aws_region(aws, region));
	*region = mem_strdup(mem, *region);
	TRY(redshift_workgroup(tmp, aws, name, &group));
	*rpus = group.base_capacity;
	return NULL;
}

/* Superusers alone see it, and nobody what the last minute was charged. */
double
warehouse_charged(struct warehouse *w, const char *since)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r;
	struct err *e = warehouse_ask(tmp, w, "warehouse/redshift_usage", &since, 1, &r);
	double seconds = e ? 0 : (double)rows_int(r, 0, "rpu_seconds");

	if (e)
		log_debug("%s", err_text(tmp, e));
	err_free(e);
	return seconds;
}
