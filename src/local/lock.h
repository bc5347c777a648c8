/* One at a time changes a home. */
#ifndef BIKEOPS_LOCAL_LOCK_H
#define BIKEOPS_LOCAL_LOCK_H

#include "base/err.h"
#include "local/home.h"

struct lock; /* freeing it lets go */
/* ERR_LOCKED after a minute; waits is told once when another holds it. */
struct err *lock_take(void *mem, const struct home *h, void (*waits)(void *arg), void *arg,
		      struct lock **out) MUST_CHECK;

#endif
