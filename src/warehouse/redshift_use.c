#include "base/log.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/time.h"
#include "remote/redshift_serverless.h"
#include "warehouse/redshift.h"

#include <string.h>

#define LEAST_US (60 * 1000000LL) /* each active period is charged a minute at least */

void
redshift_busy(struct warehouse *w)
{
	long long now = time_now_us();

	if (!w->redshift)
		return;
	if (now > w->billed_to_us) { /* a new period */
		w->billed_us += w->billed_to_us - w->billed_from_us;
		w->billed_from_us = now;
	}
	if (w->billed_to_us < w->billed_from_us + LEAST_US)
		w->billed_to_us = w->billed_from_us + LEAST_US;
}

void
redshift_idle(struct warehouse *w)
{
	long long now = time_now_us();

	if (w->redshift && w->billed_to_us < now)
		w->billed_to_us = now;
}

/* Of the whole workgroup; superusers alone see it, and nobody what the last minute was charged. */
static double
charged(struct warehouse *w, const char *since)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r;
	struct err *e = pg_query(tmp, w->pg, sql_text("warehouse/redshift_usage"), &since, 1, &r);
	double seconds = e ? 0 : (double)rows_int(r, 0, "rpu_seconds");

	if (e)
		log_debug("%s", err_text(tmp, e));
	err_free(e);
	return seconds;
}

struct err *
warehouse_used(void *mem, struct warehouse *w, const char *since, struct warehouse_use *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct redshift_workgroup group;
	const char *name = settings_get(w->settings, "redshift_workgroup"), *region;
	struct aws *aws;

	*out = (struct warehouse_use){ .region = "" };
	if (!w->redshift || !*name)
		return NULL;
	TRY(redshift_aws(tmp, w->settings, &aws));
	TRY(aws_region(aws, &region));
	TRY(redshift_workgroup(tmp, aws, name, &group));
	TRY(warehouse_ready(w));
	out->charged_rpu_seconds = charged(w, since);
	out->rpu_seconds = (double)(w->billed_us + w->billed_to_us - w->billed_from_us) / 1e6 *
			   group.base_capacity;
	out->region = mem_strdup(mem, region);
	return NULL;
}
