/* Why a run failed: its first error, who had the same, what differs from the last good run. */
#ifndef BIKEOPS_VIEW_WHY_H
#define BIKEOPS_VIEW_WHY_H

#include "base/err.h"
#include "base/rows.h"
#include "ledger/ledger.h"

#include <stdbool.h>

#define WHY_PRINT 5 /* bytes of a fingerprint with its NUL */

struct why {
	const char *task;  /* that failed, or NULL: before any did */
	const char *at;	   /* when, or NULL */
	long long tries;   /* how often it failed in this run */
	const char *cause; /* its first error */
	const char *last;  /* its last one, where that is another; else NULL */
	char fingerprint[WHY_PRINT];
	const char *same;    /* the runs before that had it, "121, 124"; NULL: none */
	long long n_before;  /* of so many */
	long long good;	     /* the last good run before; 0: none */
	struct rows *differ; /* what, now, then: between this one and the good one */
	const char *next;    /* what to do */
	bool rejects;	     /* too many rows broke a rule: their list tells */
};

/* run is a row as in runs.h, tasks those of sql/view/tasks.sql; *out NULL: it did not fail. */
struct err *why_fetch(void *mem, struct ledger *l, const struct rows *run, const struct rows *tasks,
		      struct why **out) MUST_CHECK;

/* Equal for errors that only numbers tell apart. */
void why_fingerprint(const char *error, char print[WHY_PRINT]);

#endif
