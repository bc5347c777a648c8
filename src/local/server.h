/* The PostgreSQL server of a home: found, started, stopped. */
#ifndef BIKEOPS_LOCAL_SERVER_H
#define BIKEOPS_LOCAL_SERVER_H

#include "base/err.h"
#include "base/process.h"
#include "local/home.h"
#include "local/postgres.h"

#include <stdbool.h>
#include <sys/types.h>

struct server_state {
	pid_t pid;  /* 0: does not run */
	bool ready; /* answers */
};

/* Told by what its files and /proc say, without a connection: below a millisecond. */
struct server_state server_look(const struct home *h);
/*
 * Start it, and wait until it answers; after a crash it recovers first.
 * errors  ERR_REFUSED: the disk is full; ERR_REMOTE: its last words
 */
struct err *server_start(const struct home *h, const struct postgres *pg,
			 const struct process_user *user) MUST_CHECK;
struct err *server_wait_ready(const struct home *h) MUST_CHECK;
/* Stop it, ending its sessions; it need not run. */
struct err *server_stop(const struct home *h) MUST_CHECK;

/* A port of 127.0.0.1 that nobody uses now. */
struct err *server_free_port(int *port) MUST_CHECK;
/* ERR_REFUSED where another program has the home's. */
struct err *server_check_port(const struct home *h) MUST_CHECK;

#endif
