/* What one run did, as it tells when it ends. */
#ifndef BIKEOPS_VIEW_RUN_RESULT_H
#define BIKEOPS_VIEW_RUN_RESULT_H

#include "base/err.h"
#include "base/rows.h"
#include "base/settings.h"

/*
 * run     one row: run, mode, state, k, note, ms
 * tables  a row a table that it published; none where nothing changed
 */
struct err *run_result_fetch(void *mem, const struct settings *settings, long long id,
			     struct rows **run, struct rows **tables) MUST_CHECK;

#endif
