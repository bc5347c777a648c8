/*
 * The thread that reads a run's logs for the screen: it posts a page of rows for what was asked
 * last, and again when the logs have grown.
 */
#ifndef BIKEOPS_VIEW_LOGREADER_H
#define BIKEOPS_VIEW_LOGREADER_H

#include "base/mailbox.h"
#include "base/settings.h"
#include "view/logmerge.h"

enum log_go {
	LOG_AT,	  /* line from */
	LOG_END,  /* the last line, also when others come */
	LOG_FIND, /* the next line behind from with text find */
	LOG_FIND_BACK,
	LOG_FAULT, /* the next error behind from */
	LOG_FAULT_BACK,
	LOG_TIME, /* the first line of second from or later */
	LOG_SAVE, /* write what the filter lets through to file find; stay at line from */
};

struct log_ask {
	unsigned number; /* the asker's */
	long long run;	 /* 0: the newest that has logs */
	char task[64];	 /* "": all */
	struct log_filter filter;
	enum log_go go;
	long long from;
	char find[256];
	int rows; /* of the screen: a page has some more on both sides */
};

/* Immutable; a child of its struct feed_item. */
struct log_view {
	struct log_ask ask; /* what it answers, or what was answered before */
	long long run;
	struct log_source *sources; /* [n_sources] */
	size_t n_sources;
	struct log_totals totals;
	struct log_page page;
	long long at;	  /* the line meant, -1: there is none */
	const char *said; /* for the operator, or NULL */
};

struct logreader; /* opaque: freeing it ends the thread */

/* Posts are of this kind, each a struct feed_item with a struct log_view. */
struct logreader *logreader_start(void *mem, const struct settings *settings, const char *config,
				  struct mailbox *mailbox, int kind);
void logreader_ask(struct logreader *r, const struct log_ask *ask);
/* Somebody still looks; without, the thread rests after some seconds. */
void logreader_touch(struct logreader *r);

#endif
