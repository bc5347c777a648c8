/* An answer as people read it.  JSON and CSV get the rows as they are. */
#ifndef BIKEOPS_CMD_PEOPLE_H
#define BIKEOPS_CMD_PEOPLE_H

#include "base/rows.h"
#include "cmd/cmd.h"

/*
 * The columns that people see, parted by spaces.  A name's end is its unit: NAME_at is shown as an
 * age, NAME_ms as a duration, NAME_kib and NAME_bytes as sizes.
 */
struct rows *people_rows(struct cmd *c, const struct rows *r, const char *columns);
/* One row as a list of its cells, a line each; those without a value are left out. */
struct rows *people_list(struct cmd *c, const struct rows *r, const char *columns);
/* A list in the making: NULL at first; its first pair is the headline. */
void people_add(void *mem, struct rows **list, const char *name, const char *value);
/* "3 min ago" of "2026-07-15T14:04:12Z". */
char *people_ago(void *mem, const char *iso);

#endif
