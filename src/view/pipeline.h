/* A run as the pipeline's tasks and steps: all that its screen shows, in one fetch. */
#ifndef BIKEOPS_VIEW_PIPELINE_H
#define BIKEOPS_VIEW_PIPELINE_H

#include "base/rows.h"
#include "view/counts.h"
#include "view/feed.h"
#include "view/why.h"

#include <stdbool.h>
#include <stddef.h>

#define PIPELINE_STAGES 3

/* A line of the screen: a step, or a task without; -1 and NULL where not known. */
struct pipeline_step {
	const char *task;
	const char *key;  /* as in the ledger: "publish.dim_date", "load_staging" */
	const char *name; /* "dim_date" */
	int stage;
	bool opens;	   /* open_window, which stands in its stage's title */
	const char *state; /* of the ledger, or waiting, retry, upstream, skipped, dead */
	long long tries;   /* of its task; 0: none yet */
	long long rows, total, bytes;
	long long ms;
	const char *started_at;
	const char *note;	  /* what it waits for, or NULL */
	long long p50, p95, runs; /* of the last so many good runs of this mode, in ms */
	long long task_ms, task_p50, task_p95;
	bool critical; /* the longest of its task, and long for the run */
	const char *error;
};

struct pipeline_stage {
	const char *name;
	const char *state;
	size_t done, n; /* lines that are ok, of all */
	long long ms;
};

struct pipeline {
	struct rows *run; /* as in runs.h: one row, or none: never ran */
	struct pipeline_stage stages[PIPELINE_STAGES];
	size_t n_stages;
	struct pipeline_step *steps; /* [n], in the order of their tasks */
	size_t n;
	size_t focus;	   /* the step at work, else that failed, else the last */
	long long left_ms; /* when all would end, by p50; -1: not known */
	bool late;	   /* the task at work took longer than its p95 */
	struct why *why;   /* NULL: it did not fail */
	struct counts counts;
	const char *log_task; /* whose log's end: */
	struct rows *log;     /* time, level, message; the newest last */
	bool log_is_workers;  /* it has none of its own yet */
};

/*
 * What to show of a task.
 *
 * state    its last attempt's in the ledger, or NULL: not begun
 * current  that attempt is the one that the run is in
 * run      state of the run, as in runs.h
 */
const char *pipeline_state(const char *state, bool current, const char *run);
/* Which of its lines has what a task's state says, where the ledger does not: n: none. */
size_t pipeline_bearer(const char *const *states, size_t n, const char *task);

#endif
