/* What a run's use of the warehouse cost, told to the ledger. */
#ifndef BIKEOPS_RUN_COST_H
#define BIKEOPS_RUN_COST_H

#include "run/run.h"

/* After the last thing that the run asks of the warehouse.  A cost that cannot be told is a
 * warning: the run did what it should. */
void cost_warehouse(struct run *run, struct warehouse *w);

#endif
