/* The data of the private cluster: whose it is, and how it is made. */
#ifndef BIKEOPS_LOCAL_DATADIR_H
#define BIKEOPS_LOCAL_DATADIR_H

#include "base/err.h"
#include "base/process.h"
#include "local/home.h"
#include "local/postgres.h"

/* The major version of the home's data; 0 where there is none. */
struct err *datadir_version(const struct home *h, int *major) MUST_CHECK;
/*
 * Who the server runs as: the owner of the data; for new data ourselves, or for root postgres or
 * nobody.
 * errors  ERR_REFUSED: the data belongs to another
 */
struct err *datadir_user(const struct home *h, struct process_user *user) MUST_CHECK;

/*
 * Make the data, with its roles and databases: it is there whole, or not at all.
 * errors  ERR_REFUSED: the disk is too full
 */
struct err *datadir_init(const struct home *h, const struct postgres *pg,
			 const struct process_user *user) MUST_CHECK;

#endif
