/* The PostgreSQL programs of this machine. */
#ifndef BIKEOPS_LOCAL_POSTGRES_H
#define BIKEOPS_LOCAL_POSTGRES_H

#include "base/err.h"

#define POSTGRES_OLDEST 13

struct postgres {
	const char *bin; /* the directory of initdb, postgres and psql */
	int major;
	const char *version; /* "15.14" */
};

/*
 * The newest of /usr/lib/postgresql, pg_config --bindir and PATH; of version major, unless 0.
 * errors  ERR_CONFIG (none at all), ERR_REFUSED (none of version major); with the cure
 */
struct err *postgres_find(void *mem, int major, struct postgres **out) MUST_CHECK;

#endif
