/* What a run would do, seen without doing it: for --dry-run. */
#ifndef BIKEOPS_VIEW_PLAN_H
#define BIKEOPS_VIEW_PLAN_H

#include "base/err.h"
#include "base/rows.h"
#include "base/settings.h"
#include "pipeline/batch.h"
#include "pipeline/engine.h"

struct plan {
	struct rows *window; /* one row: mode, why, k, changes, dirty_orders, since, engine */
	struct rows *rows;   /* entity, rows that its step would read, table that they go to */
};

struct err *plan_fetch(void *mem, const struct settings *settings, const struct engine_wish *wish,
		       enum batch_mode mode, const char *from, const char *to, struct plan *out)
	MUST_CHECK;

/* Likewise, where the watermark stood at wm. */
struct err *plan_after(void *mem, const struct settings *settings, const struct watermark *wm,
		       enum batch_mode mode, const char *from, const char *to, struct plan *out)
	MUST_CHECK;

#endif
