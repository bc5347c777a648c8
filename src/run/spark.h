/*
 * The Spark job of a batch on EMR Serverless.  It is written down as an object before it is
 * started, so that there is one job, whatever ends and begins again.
 */
#ifndef BIKEOPS_RUN_SPARK_H
#define BIKEOPS_RUN_SPARK_H

#include "run/run.h"

/*
 * Find the newest job that was written down and wait for it, or start one where that failed or
 * none was: run->staging, and run->batch's attempt, are then that job's.
 * errors  of emr_engine_watch()
 */
struct err *spark_transform(struct run *run, struct lake *lake) MUST_CHECK;
/*
 * End the job that a run left, which is at work no more, and take away an application of its own:
 * what the ledger does not know to have ended.  Its end and its cost are written there.
 * ended   what was ended, as a sentence: the job, or an application that had none; NULL: nothing
 * errors  its hint names the job: it may go on
 */
struct err *spark_end(void *mem, const struct settings *settings, struct ledger *ledger,
		      const struct ledger_run *run, const char **ended) MUST_CHECK;
/* The same for all other runs of this one's warehouse, whose lease it has. */
struct err *spark_end_left(struct run *run) MUST_CHECK;
/* Tell the ledger what the run's job cost, once it is billed; nothing where no job was. */
struct err *spark_bill(struct run *run) MUST_CHECK;

#endif
