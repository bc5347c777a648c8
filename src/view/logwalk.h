/* Going through several log files at once, line by line, in the order of time. */
#ifndef BIKEOPS_VIEW_LOGWALK_H
#define BIKEOPS_VIEW_LOGWALK_H

#include "base/log.h"
#include "view/logfile.h"

#include <stdint.h>

struct log_input {
	struct logfile *file;
	const char *name;
	char letter;
	bool worker;	/* its lines come last in a second, and not if another file has them */
	char stamp[20]; /* the last one read, and its seconds since 1970 */
	long long stamp_s;
};

struct log_mark {
	off_t at;	/* a line begins here */
	long long time; /* of the line before, as its stamp says; 0: none yet */
	enum log_level level;
};

struct log_head {
	bool known, have, stamped;
	struct logfile_line line;
	const char *message; /* behind the stamp */
	size_t message_len;
	long long time;
	enum log_level level;
};

struct log_walk {
	struct log_input *in;  /* [n] */
	struct log_mark *mark; /* [n] */
	off_t *end;	       /* [n] */
	struct log_head *head; /* [n] */
	size_t n;
	size_t source;	/* whose head comes next */
	size_t last;	/* whose line was taken, n: none */
	uint64_t *seen; /* [seen_room] hashes of the second's lines that a worker may have too */
	size_t seen_room, n_seen;
	long long seen_time;
};

/* mark and end are copied; sources behind n_marks begin at 0, behind n_ends end there. */
struct log_walk *log_walk(void *mem, struct log_input *in, size_t n, const struct log_mark *mark,
			  size_t n_marks, const struct log_mark *end, size_t n_ends);
/* The next line's head, NULL behind the last.  Lines without a stamp follow theirs. */
const struct log_head *log_walk_peek(struct log_walk *w);
void log_walk_take(struct log_walk *w);

#endif
