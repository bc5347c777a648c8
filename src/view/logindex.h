/* The index behind logmerge.h: chunks of lines, and going through one of them. */
#ifndef BIKEOPS_VIEW_LOGINDEX_H
#define BIKEOPS_VIEW_LOGINDEX_H

#include "view/logmerge.h"
#include "view/logwalk.h"

/* Lines that follow each other; the last chunk goes on to where the files ended. */
struct chunk {
	long long first, lines, errors, warnings;
	long long before, latest; /* the time of the line before; the greatest */
	uint64_t sources;
	unsigned levels; /* bit i: has a line of level i */
	size_t bytes;
	struct log_mark *mark; /* [n_marks] where it begins in each source */
	size_t n_marks;
};

struct logmerge {
	const atomic_bool *stop;
	struct log_input in[LOGMERGE_SOURCES];
	size_t n;
	struct chunk *chunk; /* [n_chunks], one at least */
	size_t n_chunks;
	struct log_totals done;	 /* without the last chunk */
	struct log_totals total; /* with it */
	bool cut;		 /* the index began anew: the lines saved so far are no more */
};

/* Through the lines of chunk k. */
struct log_walk *chunk_walk(void *mem, struct logmerge *m, size_t k);
void chunk_count(struct chunk *c, const struct log_head *h, size_t source);
/* The chunk that has this line; the first or the last where none has. */
size_t chunk_of(const struct logmerge *m, long long line);
/* Something else is wanted. */
bool logmerge_stopped(const struct logmerge *m);

#endif
