/* An invented bike store, in the nine CSV files and columns of Kaggle's. */
#ifndef BIKEOPS_LOCAL_GENERATE_H
#define BIKEOPS_LOCAL_GENERATE_H

#include "base/err.h"
#include "base/progress.h"

#include <stdint.h>

#define GENERATE_FILES	   9
#define GENERATE_SCALE_MAX 10000

/*
 * FILES: one fault of six, chosen by seed % 6, that setup refuses.
 * ROWS: thirty rows that the store takes and the transform rejects.
 */
enum generate_broken { GENERATE_SOUND, GENERATE_BROKEN_FILES, GENERATE_BROKEN_ROWS };

struct generate_plan {
	int scale; /* multiplies customers, orders and lines; the rest stays */
	uint64_t seed;
	const char *out; /* a directory; made where missing */
	enum generate_broken broken;
};

struct generate_done {
	const char *names[GENERATE_FILES]; /* "brands.csv" */
	long long rows[GENERATE_FILES];	   /* without the header */
	long long bytes[GENERATE_FILES];
	const char
		*fault; /* of GENERATE_BROKEN_FILES: "orders.csv: a customer that is not there" */
};

/*
 * The same plan writes the same bytes everywhere.  The files show together, at the end.
 * errors  ERR_REFUSED: out holds something else, or cannot be written; ERR_CANCELLED
 */
struct err *generate(const struct generate_plan *plan, struct progress *progress,
		     struct generate_done *done) MUST_CHECK;

#endif
