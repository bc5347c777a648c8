/* The log files of one run, merged by time. */
#ifndef BIKEOPS_VIEW_LOGS_H
#define BIKEOPS_VIEW_LOGS_H

#include "base/err.h"
#include "base/rows.h"
#include "base/settings.h"

struct logs; /* opaque */

/*
 * run     0: the newest one that has logs
 * task    only this one's, or NULL
 * errors  ERR_NOTFOUND: there is no log of it
 */
struct err *logs_open(void *mem, const struct settings *settings, long long run, const char *task,
		      struct logs **out) MUST_CHECK;
long long logs_run(const struct logs *logs);
/*
 * What was written since the last call, whole lines only: time, level, task, message.
 * A line that a worker wrote to its own log and its task's comes once.
 */
struct err *logs_next(void *mem, struct logs *logs, struct rows **out) MUST_CHECK;

/*
 * Before the first logs_next(), which reads 64 MiB of each log at most: let it be the last ones.
 * Each log that is cut is a row of cut.
 */
struct err *logs_skip(struct logs *logs, struct rows *cut) MUST_CHECK;

struct log_text {
	char time[21]; /* "2026-07-15T14:04:12Z", or "" for a line without */
	char level[8];
	const char *message; /* points into the line */
};
/* A line as log.h stamps it; one of another form is all message. */
void logs_parse(const char *line, struct log_text *out);

#endif
