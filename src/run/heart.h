/*
 * What beats beside the tasks of a run: renews the lease, sees a cancel within
 * a second, and tells how far the steps are, to the ledger and the terminal.
 */
#ifndef BIKEOPS_RUN_HEART_H
#define BIKEOPS_RUN_HEART_H

#include "base/err.h"
#include "base/progress.h"
#include "ledger/ledger.h"

struct heart; /* opaque */

/* Starts a thread, which connects to the ledger only once a run takes half a second. */
struct heart *heart_start(void *mem, const struct settings *settings, long long run);
void heart_stop(struct heart *h); /* joins the thread */

/* The listener that tasks tell their steps. */
struct progress *heart_progress(struct heart *h);
/* A task begins: its steps are forgotten; attempt is that of the rows to write. */
void heart_task(struct heart *h, const char *task, int attempt);
/* How many rows a step will read, where it cannot tell by itself. */
void heart_expect(struct heart *h, const char *step, long long rows);
/* The task's steps as they ended, [n], owned by mem; the last is failed where the task is. */
void heart_steps(void *mem, struct heart *h, bool failed, struct ledger_step **steps, size_t *n);

#endif
