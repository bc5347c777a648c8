/*
 * The home of the embedded stack: one directory that holds everything.
 *
 *	pg/       the cluster's data       run/     its socket, 0700
 *	pg.log    its talk                 lake/    source/ raw/ processed/ log/
 *	pgpass    the password for TCP     state    NAME=VALUE lines, see below
 *	lock      held while one changes any of this
 */
#ifndef BIKEOPS_LOCAL_HOME_H
#define BIKEOPS_LOCAL_HOME_H

#include "base/err.h"
#include "base/process.h"

#include <stdbool.h>

struct home {
	const char *dir; /* absolute */
	const char *data;
	const char *lake;
	const char *log;
	const char *pgpass;
	/* The state, kept in the file of that name. */
	const char *run; /* the socket's directory, elsewhere when a socket could not live here */
	int port;	 /* 0: nothing was ever made here */
};

/*
 * The home dir, NULL for the operator's: $BIKEOPS_HOME; for root /var/lib/bikeops; ./var of the
 * checkout the program stands in where writable; else ~/.local/share/bikeops.  Makes nothing.
 * errors  ERR_CONFIG: the state cannot be read or understood
 */
struct err *home_find(void *mem, const char *dir, struct home **out) MUST_CHECK;

/*
 * Make the home itself, and (under the lock) the directories in it.
 * server  who the cluster runs as
 * errors  ERR_REFUSED: not writable, or not ours; with the cure
 */
struct err *home_make(const struct home *h, const struct process_user *server) MUST_CHECK;
struct err *home_furnish(struct home *h, const struct process_user *server) MUST_CHECK;
struct err *home_save(const struct home *h) MUST_CHECK;
/* Remove what was made here, and the home itself where nothing else is in it. */
struct err *home_remove(const struct home *h) MUST_CHECK;

long long home_free_bytes(const struct home *h); /* -1 when not known */
/* ERR_REFUSED where fewer bytes than need are free. */
struct err *home_check_free(const struct home *h, long long need) MUST_CHECK;
/* e, or where its words are that the disk filled up meanwhile, that with its cure; takes e. */
struct err *home_explain_full(const struct home *h, struct err *e, long long need) MUST_CHECK;

/* $XDG_STATE_HOME/bikeops/NAME, its folder made: what the console keeps. */
char *home_state_path(void *mem, const char *name);

#endif
