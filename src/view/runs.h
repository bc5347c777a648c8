/* Runs, as the ledger and this host's processes tell. */
#ifndef BIKEOPS_VIEW_RUNS_H
#define BIKEOPS_VIEW_RUNS_H

#include "base/err.h"
#include "base/rows.h"
#include "ledger/ledger.h"

#include <stdbool.h>

/*
 * Columns as in sql/view/runs.sql, newest first.  state is also "dead": the ledger says running
 * but the worker is gone; error and hint then tell of that.
 *
 * warehouse  or NULL for any
 */
struct err *runs_list(void *mem, struct ledger *l, const char *warehouse, long long limit,
		      struct rows **out) MUST_CHECK;

struct run_view {
	struct rows *run; /* one row */
	struct rows *tasks;
	struct rows *steps;
	struct rows *events;
};
/* ERR_NOTFOUND. */
struct err *runs_show(void *mem, struct ledger *l, long long run, struct run_view *out) MUST_CHECK;
/* Is it waiting or at work?  ERR_NOTFOUND. */
struct err *runs_open(struct ledger *l, long long run, bool *open) MUST_CHECK;
/* Its place in Airflow's logs, "dag_id=D/run_id=R"; NULL where Airflow did not start it. */
struct err *runs_airflow(void *mem, struct ledger *l, long long run, const char **out) MUST_CHECK;

/* What is left to do about a run that a later one covered. */
#define RUN_COVERED_NEXT "nothing: a later run was good and took all of it"

/* Did it fail, die or end by a cancel?  And did a later good run take its rows? */
bool run_is_bad(const struct rows *runs, size_t i);
bool run_is_covered(const struct rows *runs, size_t i);
/* "the worker died: pid 123 on HOST, last heartbeat 12 s ago", where beat is "12 s ago" or NULL. */
char *run_died(void *mem, const struct rows *runs, size_t i, const char *beat);

/*
 * The state to show, of what the ledger knows.
 *
 * here    is its process one of this host?
 * alive   does its process live?  Known only where here
 * leased  is its lease still good?
 * age_s   since it was asked for
 */
const char *run_state(const char *state, bool here, bool alive, bool leased, long long age_s);

#endif
