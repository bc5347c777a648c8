/*
 * The log files of a run as one log in the order of time, of any size.  Lines have numbers from
 * 0 on; an index of places, one for some thousand lines, is made piece by piece.
 */
#ifndef BIKEOPS_VIEW_LOGMERGE_H
#define BIKEOPS_VIEW_LOGMERGE_H

#include "base/err.h"
#include "base/log.h"
#include "base/strbuf.h"

#include <stdatomic.h>
#include <stdint.h>

#define LOGMERGE_SOURCES 64
#define LOG_RULER	 240
#define LOG_GAP_S	 30
#define LOG_TEXT_MAX	 8192 /* bytes of a line that a row has */
#define LOG_UNNUMBERED	 (1LL << 60)

struct logmerge; /* opaque; one thread at a time */

/* stop  when true, whatever takes long returns early; NULL for never */
struct logmerge *logmerge_new(void *mem, const atomic_bool *stop);
/*
 * name    shown; lines of one named "worker" that its task's log also has come once
 * errors  those of logfile_open()
 */
struct err *logmerge_add(struct logmerge *m, const char *name, const char *path) MUST_CHECK;
/* Has something changed?  Where a file was cut or replaced the index begins anew. */
bool logmerge_look(struct logmerge *m);
/* Go on with the index for about so many bytes; true: there is more. */
bool logmerge_index(struct logmerge *m, size_t bytes);

struct log_source {
	const char *name;
	char letter;
	long long bytes, written_us;
};

/* Errors and warnings along the time: bucket i is that of from + i * width seconds. */
struct log_ruler {
	long long from, width; /* width is 0 where no line has a time */
	unsigned errors[LOG_RULER], warnings[LOG_RULER], lines[LOG_RULER];
};

struct log_totals {
	long long lines, errors, warnings, bytes, indexed; /* lines so far, bytes indexed */
	long long last;					   /* time of the last line */
	struct log_ruler ruler;
};
const struct log_totals *logmerge_totals(const struct logmerge *m);
/* [n], a child of mem. */
struct log_source *logmerge_sources(void *mem, const struct logmerge *m, size_t *n);

struct log_filter {
	char text[128];	      /* in the line; "": any.  Small letters find capitals too */
	int context;	      /* lines before and behind that are shown too */
	enum log_level level; /* the least bad one */
	uint64_t hidden;      /* sources: bit i is source i's */
	bool fold;	      /* lines of a stack that follow each other are one row */
	long long open[16];   /* first lines of stacks that are not folded */
	size_t n_open;
};

struct log_row {
	long long n; /* the line's number; from LOG_UNNUMBERED on where not known yet */
	int source;
	char letter;
	enum log_level level; /* a line without one has that of the line before */
	bool stamped;
	long long at;	  /* its time in seconds since 1970, or that of the line before; 0: none */
	long long gap;	  /* seconds without any line before it, where over LOG_GAP_S */
	long long folded; /* lines that it stands for beside itself */
	size_t bytes;	  /* of the whole line */
	const char *text; /* without its stamp, harmless */
};

struct log_page {
	struct log_row *rows; /* [n] */
	size_t n;
	bool first, last; /* there is no row before, behind */
};
/* Up to before rows of lines before number anchor, and behind them others from it on. */
void logmerge_page(void *mem, struct logmerge *m, const struct log_filter *filter, long long anchor,
		   size_t before, size_t behind, struct log_page *out);
/* The last rows, also while the index is not there yet. */
void logmerge_tail(void *mem, struct logmerge *m, const struct log_filter *filter, size_t rows,
		   struct log_page *out);

/*
 * The next line behind from, or before it where not forward; -1: none.
 *
 * text  in it; NULL: its level is error
 */
long long logmerge_find(struct logmerge *m, const struct log_filter *filter, const char *text,
			long long from, bool forward);
/* The first line of this time or later, -1: none. */
long long logmerge_at(struct logmerge *m, long long seconds);

/*
 * Write the lines as `bikeops logs` does, some thousand a call.
 *
 * part  0 at first; counts up
 * more  false: that was the last
 * errors  ERR_DATA: the file cannot be written, or a log was cut or replaced since part 0
 */
struct err *logmerge_save(struct logmerge *m, const struct log_filter *filter, size_t *part, int fd,
			  bool *more) MUST_CHECK;

#endif
