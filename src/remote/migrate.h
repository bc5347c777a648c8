/* Numbered SQL files, each run once, in order, and remembered by its sum. */
#ifndef BIKEOPS_REMOTE_MIGRATE_H
#define BIKEOPS_REMOTE_MIGRATE_H

#include "base/err.h"
#include "remote/pg.h"

/*
 * Run what is missing of sql/FOLDER, all in one transaction; the table SCHEMA.migration
 * remembers it (version, name, sha256, at, by), made here where it is missing.
 *
 * folders  in the order in which their files run: "warehouse/common", "warehouse/postgres"
 * locks    the server has advisory locks: several programs may try at once
 * errors   ERR_REFUSED where the database is newer than this program, or a file changed
 */
struct err *migrate(struct pg *pg, const char *schema, const char *const *folders, size_t n,
		    bool locks) MUST_CHECK;

#endif
