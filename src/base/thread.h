/* Threads: a job beside the caller, joined before its results are read. */
#ifndef BIKEOPS_BASE_THREAD_H
#define BIKEOPS_BASE_THREAD_H

#include "base/err.h"

#include <signal.h>
#include <stdbool.h>

/* What a thread does itself, for an array of int: blocked it would kill and call no handler. */
#define THREAD_FAULTS { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT }

struct thread; /* opaque */

/* Start job(arg); all signals but THREAD_FAULTS are blocked in it.  arg stays the job's until the
 * join. */
struct thread *thread_start(void *mem, struct err *(*job)(void *arg), void *arg);
/* Wait for its end; gives the job's error.  Ends t. */
struct err *thread_join(struct thread *t) MUST_CHECK;
/* Start one that nobody waits for; arg is the job's. */
void thread_leave(struct err *(*job)(void *arg), void *arg);
/*
 * After cancel_request(): wait so long for all of those.  False: one hangs, and only _exit() does
 * not tear down what it uses.
 */
bool thread_end_left(int ms);

struct mutex; /* opaque */
struct mutex *mutex_new(void *mem);
/* The one mutex of a static slot, made by whoever asks first; it stays. */
struct mutex *mutex_shared(struct mutex **slot);
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

#endif
