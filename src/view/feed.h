/*
 * What the console shows, fetched by threads of its own: one LISTENs to the ledger, one asks what
 * may take long, health and the lake; one does what the operator asked for.  None of them is ever
 * waited for.
 */
#ifndef BIKEOPS_VIEW_FEED_H
#define BIKEOPS_VIEW_FEED_H

#include "base/err.h"
#include "base/mailbox.h"
#include "base/settings.h"

#include <stdbool.h>

struct ledger;

/* The first so many are kept: the newest of each. */
enum feed_kind {
	FEED_STATUS,   /* struct status: always fetched */
	FEED_PIPELINE, /* struct pipeline of want.run, want.setup, want.task */
	FEED_RUNS,     /* struct rows, as in sql/view/runs.sql */
	FEED_RUN,      /* struct run_view of want.run */
	FEED_OTHER,    /* struct run_view of want.other */
	FEED_COUNTS,   /* struct counts */
	FEED_VERIFIED, /* struct counts of the databases themselves, once asked for it */
	FEED_BEHIND,   /* struct rows, as in behind.h */
	FEED_REJECTS,  /* struct rejects of want.run */
	FEED_HEALTH,   /* struct health */
	FEED_MOMENTS,  /* struct rows, as in sql/view/moments.sql */
	FEED_LOGS,     /* struct log_view, as the logs' screen asks its reader */
	FEED_KINDS
};

/* Those that a moment of the past changes. */
#define FEED_OF_THEN                                                                 \
	(1U << FEED_PIPELINE | 1U << FEED_RUNS | 1U << FEED_RUN | 1U << FEED_OTHER | \
	 1U << FEED_COUNTS | 1U << FEED_REJECTS)

/* What the screen wants beside the status. */
struct feed_want {
	unsigned kinds;	 /* 1U << FEED_..., or-ed */
	long long run;	 /* 0: the one at work, else the newest */
	long long other; /* to compare it with; 0: none */
	bool setup;	 /* the newest setup, not the newest of the pipeline */
	bool live;	 /* verify, once */
	char task[64];	 /* whose log's end is wanted; "" for that at work */
	char at[24];	 /* as of then, "2026-07-15T03:12:00Z"; "" now.  The status is of now */
};

/* One finished view: a talloc root, immutable; a newer one of its kind takes its place. */
struct feed_item {
	long long asked_us;    /* when it was asked for: it is not older than that */
	long long at_us;       /* when the answer came */
	struct feed_want want; /* what it answers */
	const void *view;      /* of the kind's type; NULL where it failed */
	const char *error;     /* why, as one sentence, or NULL */
	const char *hint;      /* or NULL */
};

/* How one kind is fetched; l is NULL for what needs no ledger. */
struct feed_call {
	const struct settings *settings;
	struct ledger *ledger;
	const struct feed_want *want;
};
struct feed_source {
	struct err *(*fetch)(void *mem, const struct feed_call *call, const void **view);
};
extern const struct feed_source feed_pipeline;	       /* in view/pipeline.c */
extern const struct feed_source *const feed_sources[]; /* [FEED_KINDS]; NULL: not of the ledger */

struct feed; /* opaque */

/*
 * Items come to the mailbox with their enum feed_kind.
 * config  the --config file, or NULL: settings are read again where a database came to be
 * It ends with thread_end_left().
 */
struct feed *feed_start(void *mem, const struct settings *settings, const char *config,
			struct mailbox *mailbox);
/* Only what differs from before is fetched again. */
void feed_want(struct feed *feed, const struct feed_want *want);
/* Fetch again now; health, where probe. */
void feed_refresh(struct feed *feed, bool probe);

#endif
