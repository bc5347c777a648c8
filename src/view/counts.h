/* Rows and sums, layer by layer, and the first layer where a number breaks. */
#ifndef BIKEOPS_VIEW_COUNTS_H
#define BIKEOPS_VIEW_COUNTS_H

#include "base/err.h"
#include "base/rows.h"
#include "base/settings.h"
#include "ledger/ledger.h"

#include <stdbool.h>

struct counts {
	struct rows *counts; /* entity, a column a layer, break, note */
	struct rows *sums;   /* measure, source, serving, difference, break, note */
	struct rows *books;  /* what, a column a table: of the last run that published */
	struct rows *ages;   /* layer, run, counted_at */
	char *differ;	     /* whose totals differ, "customers, revenue"; NULL where none */
};

/* live: ask source and serving for their totals; else the ledger tells all. */
struct err *counts_fetch(void *mem, const struct settings *settings, struct ledger *l, bool live,
			 struct counts *out) MUST_CHECK;

/* What is known of one entity; -1: not known. */
struct counts_line {
	long long source, serving;		      /* totals */
	long long raw, processed, staging;	      /* of the last run */
	long long read, staged, superseded, rejected; /* its books */
	long long lost;				      /* rejected since the last full run */
	long long taken_back; /* the last batch, by an undo: this run's; or 0 */
	bool grows;	      /* a calendar: serving may have more */
	bool same;	      /* both totals are of one run, or of now */
};

/*
 * The first layer that contradicts the books or the source: "ok" where none does, NULL where
 * there is nothing to judge.  *note says what, or NULL.
 */
const char *counts_break(void *mem, const struct counts_line *line, char **note);
/* A sum in hundredths, "1234.5" is 123450; more digits are cut; false: it is no number. */
bool counts_cents(const char *text, long long *cents);

#endif
