/* The lines of a file of any size, which others may write, cut short or replace meanwhile. */
#ifndef BIKEOPS_VIEW_LOGFILE_H
#define BIKEOPS_VIEW_LOGFILE_H

#include "base/err.h"

#include <sys/types.h>

/* A longer line is given in pieces of so many bytes. */
#define LOGFILE_LINE_MAX ((size_t)1 << 20)

struct logfile; /* opaque; one thread at a time */

/* ERR_NOTFOUND; ERR_DATA where it is no file. */
struct err *logfile_open(void *mem, const char *path, struct logfile **out) MUST_CHECK;

enum logfile_change {
	LOGFILE_SAME,
	LOGFILE_GROWN,
	LOGFILE_OTHER, /* cut, replaced or taken away: nothing read before holds */
};
/* Look again: logfile_size() is as of this call. */
enum logfile_change logfile_look(struct logfile *f);
off_t logfile_size(const struct logfile *f);
long long logfile_written_us(const struct logfile *f);

struct logfile_line {
	const char *text; /* [len] bytes without the line's end; until the next call */
	size_t len;
	off_t next; /* where the line after it begins */
};
/*
 * The line that begins at offset at; false where there is none before end, or no more.
 * A byte behind text's last may be read.
 */
bool logfile_line(struct logfile *f, off_t at, off_t end, struct logfile_line *out);
/* The first place at or behind at where a line begins, looking at LOGFILE_LINE_MAX bytes. */
off_t logfile_begin(struct logfile *f, off_t at);

#endif
