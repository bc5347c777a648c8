/* The nine CSV files that a setup imports. */
#ifndef BIKEOPS_RUN_DATASET_H
#define BIKEOPS_RUN_DATASET_H

#include "base/err.h"
#include "lake/lake.h"

/* Are all nine there and readable?  ERR_NOTFOUND names those that are not. */
struct err *dataset_check(const char *dir) MUST_CHECK;
/* Keep what was imported: dataset/NAME.csv in bucket source, in place of what was there. */
struct err *dataset_keep(struct lake *lake, const char *dir) MUST_CHECK;

#endif
