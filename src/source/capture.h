/* Changes of the shop's tables beside its writers. */
#ifndef BIKEOPS_SOURCE_CAPTURE_H
#define BIKEOPS_SOURCE_CAPTURE_H

#include "source/session.h"

/*
 * Do job in a transaction that waits two seconds for a lock, again and again for a minute or so.
 * table   without its schema; how errors name it
 * errors  ERR_LOCKED: others kept it; what job said
 */
struct err *capture_retry(struct source *s, const char *table,
			  struct err *(*job)(struct source *s, const char *table)) MUST_CHECK;

#endif
