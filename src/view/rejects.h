/* The rows that a run's transform left out. */
#ifndef BIKEOPS_VIEW_REJECTS_H
#define BIKEOPS_VIEW_REJECTS_H

#include "base/err.h"
#include "base/rows.h"
#include "base/settings.h"
#include "ledger/ledger.h"

struct rejects {
	long long run;	    /* 0: no run has transformed anything yet */
	long long n;	    /* all of them */
	struct rows *rules; /* entity, rule, rows: of all of them, the most frequent first */
	struct rows *rows;  /* entity, key, rule, raw, object: the first limit of them */
};

/*
 * run     0: the newest that transformed anything
 * errors  ERR_NOTFOUND: no such run
 */
struct err *rejects_fetch(void *mem, const struct settings *settings, struct ledger *l,
			  long long run, long long limit, struct rejects *out) MUST_CHECK;

#endif
