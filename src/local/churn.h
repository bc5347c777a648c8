/* A shop that goes on with its day: rows change, as a role with rights on schema store alone. */
#ifndef BIKEOPS_LOCAL_CHURN_H
#define BIKEOPS_LOCAL_CHURN_H

#include "base/err.h"

#include <stdint.h>

#define CHURN_KINDS 11

struct churn_plan {
	const char *dsn; /* of the source */
	int rate;	 /* changes a second */
	int seconds;	 /* 0: until cancelled */
	uint64_t seed;
};

struct churn_counts {
	int seconds;
	long long done[CHURN_KINDS]; /* changes made, by kind */
	long long idle;		     /* found no row to change */
	long long blocked;	     /* gave up waiting for a lock */
	long long undone;	     /* rolled back */
	int open;		     /* long transactions open now, 0 or 1 */
};

struct churn_listener {
	void (*tell)(struct churn_listener *self, const struct churn_counts *counts);
};

const char *churn_kind(int kind); /* "new order" */
/*
 * Play; the listener hears once a second.
 * errors  ERR_LOCKED (another plays), ERR_CONFIG (no schema store yet), ERR_CANCELLED
 */
struct err *churn(const struct churn_plan *plan, struct churn_listener *listener) MUST_CHECK;

#endif
