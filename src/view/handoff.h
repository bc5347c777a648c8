/* A run as one colleague hands it to the next: all that is known of it, in two texts. */
#ifndef BIKEOPS_VIEW_HANDOFF_H
#define BIKEOPS_VIEW_HANDOFF_H

#include "ledger/ledger.h"
#include "view/counts.h"
#include "view/runs.h"
#include "view/why.h"

struct handoff {
	struct run_view run;
	struct why *why; /* NULL: it did not fail */
	struct counts counts;
	struct rows *log;      /* time, level, task, message: what was wrong, then its end */
	struct rows *commands; /* at, who, what, command, reason, result: what the console sent */
};

/* ERR_NOTFOUND: no such run.  A log that is not here is an empty one. */
struct err *handoff_fetch(void *mem, const struct settings *settings, struct ledger *l,
			  long long run, struct handoff *out) MUST_CHECK;
/* For people, as Markdown; and whole, as JSON of schema bikeops.handoff-bundle/1. */
char *handoff_markdown(void *mem, const struct handoff *h);
char *handoff_json(void *mem, const struct handoff *h);

#endif
