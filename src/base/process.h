/*
 * Child processes.  A child starts with default signals, only descriptors 0 to
 * 2, and an argument vector: no shell sees it.
 */
#ifndef BIKEOPS_BASE_PROCESS_H
#define BIKEOPS_BASE_PROCESS_H

#include "base/err.h"
#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process_user {
	uid_t uid;
	gid_t gid;
};

struct process {
	const char *const *argv; /* NULL ends it; argv[0] without a slash is looked up in PATH */
	const char *const *env;	 /* "NAME=value" over our own, NULL ends it; or NULL */
	const char *input;	 /* text for its stdin, or NULL for nothing */
	const char *cwd;	 /* entered as user, or NULL */
	const struct process_user *user; /* or NULL: ourselves; another needs root */
	int timeout_ms;			 /* of process_run(); 0: none */
	bool deaf;			 /* process_run() goes on after a cancel */
};

/*
 * Run a child to its end; it dies with the thread that started it.
 *
 * out     its stdout; NULL where nobody wants it; more than out->max is an error
 * errors  ERR_NOTFOUND (no such program), ERR_REMOTE (ended badly: how, and its last words),
 *         ERR_DATA (too much output, killed), ERR_TIMEOUT (killed), ERR_CANCELLED (it was told to
 *         end, and did)
 */
struct err *process_run(const struct process *p, struct strbuf *out) MUST_CHECK;

/*
 * Start a child that outlives us, in a session of its own; stdout and stderr go to log_fd.
 * Until we end, its exit is waited for by process_ended(pid).
 */
struct err *process_start(const struct process *p, int log_fd, pid_t *pid) MUST_CHECK;
/* NULL while it runs; else how it ended: ERR_REMOTE, also for status 0. */
struct err *process_ended(const char *name, pid_t pid) MUST_CHECK;

#endif
