/* What a run's use of the warehouse cost, told to the ledger: the processes of a run add up there.
 * A cost that cannot be told is a warning: the run did what it should. */
#ifndef BIKEOPS_RUN_COST_H
#define BIKEOPS_RUN_COST_H

#include "run/run.h"

/* After each attempt at a task: who is killed in the next one has told this. */
void cost_busy(struct run *run);
/* After the last thing that the run asks of the warehouse: the whole workgroup, where it tells. */
void cost_workgroup(struct run *run);
/* At this process's end: our sessions at list price. */
void cost_sessions(struct run *run);

#endif
