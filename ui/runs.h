/* The list of runs, and two of them side by side. */
#ifndef BIKEOPS_UI_RUNS_H
#define BIKEOPS_UI_RUNS_H

#include "ui/screen.h"

struct runs_state {
	long long at; /* the run of the cursor: new ones come above it */
	int cursor, top;
	long long a, b; /* compared; 0: none */
	bool bad;	/* only failed and not covered */
	bool setup;
};

/* A duration as text, "-" below 0; and "+32%" of it against p50, "" where that is not known. */
const char *runs_duration(void *mem, long long ms);
const char *runs_against(void *mem, long long ms, long long p50);

/* --- compare.c --- */
/* A against B from row y on. */
void runs_compared(const struct ui *ui, WINDOW *win, int y, const struct runs_state *s);

#endif
