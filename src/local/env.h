/* What the embedded stack gives the rest of the program: where its parts are. */
#ifndef BIKEOPS_LOCAL_ENV_H
#define BIKEOPS_LOCAL_ENV_H

#include "base/err.h"
#include "base/settings.h"

#include <stdbool.h>

struct local_env {
	const char *home;
	const char *source_dsn;
	const char *warehouse_dsn;
	const char *ledger_dsn;
	const char *lake; /* a folder */
	bool up;	  /* the server answers */
};

/*
 * Read it from home's state, NULL for the operator's home; the server need not run.
 * errors  ERR_CONFIG: nothing was ever made there; the hint tells how
 */
struct err *local_env_read(void *mem, const char *home, struct local_env **out) MUST_CHECK;

/*
 * The settings of a profile, settings_load()'s; local names the embedded stack, unless the
 * operator named other databases.
 */
struct err *local_settings(void *mem, const char *path, const char *profile, struct settings **out)
	MUST_CHECK;

#endif
