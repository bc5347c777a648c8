/* What an undo would put back, seen without doing it: for --dry-run. */
#ifndef BIKEOPS_VIEW_UNDO_H
#define BIKEOPS_VIEW_UNDO_H

#include "base/err.h"
#include "base/rows.h"
#include "base/settings.h"
#include "view/plan.h"

struct undo_view {
	struct rows *undo;   /* one row: run, k, published_at, new_k, back_to */
	struct rows *tables; /* table, removed, inserted, updated, lock */
	struct plan next;    /* the incremental load that would follow */
};

/* ERR_REFUSED as by the undo itself. */
struct err *undo_fetch(void *mem, const struct settings *settings, long long run,
		       struct undo_view *out) MUST_CHECK;

#endif
