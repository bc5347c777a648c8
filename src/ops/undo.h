/* Take back what a run published. */
#ifndef BIKEOPS_OPS_UNDO_H
#define BIKEOPS_OPS_UNDO_H

#include "base/err.h"
#include "base/settings.h"

/*
 * Write a run down, queued, that takes back the batch of run undo.
 * errors  ERR_REFUSED: that batch cannot be taken back; nothing is written down
 */
struct err *undo_new(const struct settings *settings, long long undo, long long *id) MUST_CHECK;

#endif
