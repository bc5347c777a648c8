/* How far the warehouse is behind the shop, as the shop's journal tells. */
#ifndef BIKEOPS_VIEW_BEHIND_H
#define BIKEOPS_VIEW_BEHIND_H

#include "base/err.h"
#include "base/rows.h"
#include "base/settings.h"

/*
 * One row, by one bounded read of the source; the warehouse is not asked.
 *
 * state      behind, nothing, never (nothing was loaded yet), unknown (it does not answer)
 * changes    journal rows that no batch has; at least so many where more
 * oldest_at  when the oldest of them was written
 * read_at    when the source answered
 * note       why it is unknown
 *
 * at: of the past nothing is known; NULL: now
 */
struct err *behind_fetch(void *mem, const struct settings *settings, const char *at,
			 struct rows **out) MUST_CHECK;

#endif
