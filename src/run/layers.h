/* The numbers that a run leaves in the ledger: rows by entity and layer. */
#ifndef BIKEOPS_RUN_LAYERS_H
#define BIKEOPS_RUN_LAYERS_H

#include "run/run.h"

/* Rows of the files in bucket raw. */
struct err *layers_raw(struct run *run) MUST_CHECK;
/* Rows of the staged tables: layer "processed" or "staging". */
struct err *layers_staged(struct run *run, const char *layer) MUST_CHECK;

#endif
