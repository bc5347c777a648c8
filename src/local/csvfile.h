/* A CSV file that is written row by row, as Kaggle's are: quoted only where needed. */
#ifndef BIKEOPS_LOCAL_CSVFILE_H
#define BIKEOPS_LOCAL_CSVFILE_H

#include "base/err.h"

struct csvfile; /* freeing it without csvfile_commit() leaves nothing */

/* Begin dir/name, under a name of its own until it is committed; header with commas. */
struct err *csvfile_new(void *mem, const char *dir, const char *name, const char *header,
			struct csvfile **out) MUST_CHECK;

/* The cells of a row, from left to right. */
void csv_text(struct csvfile *f, const char *text); /* NULL writes the word NULL */
void csv_int(struct csvfile *f, long long n);	    /* not negative */
void csv_cents(struct csvfile *f, long long cents); /* 599.99, 1549, 0.2: as short as it can be */
void csv_day(struct csvfile *f, int day);	    /* days since 1970; below 0 writes NULL */
void csv_raw(struct csvfile *f, const char *text);  /* as it stands, even where that is wrong */
/* End a row; the first write that fails is told by csvfile_finish(). */
void csv_end(struct csvfile *f);

/* Empty it again, header and all. */
void csvfile_truncate(struct csvfile *f);
/* Everything is written, still under its own name. */
struct err *csvfile_finish(struct csvfile *f) MUST_CHECK;
struct err *csvfile_commit(struct csvfile *f) MUST_CHECK;
long long csvfile_rows(const struct csvfile *f);
long long csvfile_bytes(const struct csvfile *f);

#endif
