/* Threads: a job beside the caller, joined before its results are read. */
#ifndef BIKEOPS_BASE_THREAD_H
#define BIKEOPS_BASE_THREAD_H

#include "base/err.h"

struct thread; /* opaque */

/* Start job(arg); all signals are blocked in it.  arg stays the job's until the join. */
struct thread *thread_start(void *mem, struct err *(*job)(void *arg), void *arg);
/* Wait for its end; gives the job's error.  Ends t. */
struct err *thread_join(struct thread *t) MUST_CHECK;
/* Start one that nobody joins; arg is the job's. */
void thread_leave(struct err *(*job)(void *arg), void *arg);

struct mutex; /* opaque */
struct mutex *mutex_new(void *mem);
/* The one mutex of a static slot, made by whoever asks first; it stays. */
struct mutex *mutex_shared(struct mutex **slot);
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

#endif
