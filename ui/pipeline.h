/* The parts of the pipeline's screen: pure, each a picture in its place. */
#ifndef BIKEOPS_UI_PIPELINE_H
#define BIKEOPS_UI_PIPELINE_H

#include "ui/screen.h"
#include "view/pipeline.h"

#include <stdbool.h>
#include <string.h>

#define PIPELINE_WIDE 120 /* columns: why and the layers stand side by side */

static inline bool
state_is(const char *state, const char *one)
{
	return !strcmp(state, one);
}

/* Five cells: "0.31s", "4:12", "59:59", "1h04", "-". */
char *pipeline_time(void *mem, long long ms);
/* Of one at work it goes on since the view was made. */
long long pipeline_took(const struct ui *ui, const char *state, long long ms);

/* What it is longer than: "p95", or the only run that there was before. */
const char *pipeline_limit(const struct pipeline_step *s);

/* Why it failed; of a dead one with the age of its last heartbeat. */
const char *pipeline_cause(void *mem, const struct ui *ui, const struct pipeline *p);
/* What to do about it, with the keys that help here. */
const char *pipeline_next(void *mem, const struct pipeline *p);
/* Seconds since its worker's last heartbeat, -1: nobody knows of one. */
long long pipeline_beat(const struct ui *ui, const struct pipeline *p);

/* --- pipeboxes.c --- */
/* The stages and their lines; gives the rows that they take. */
int pipeline_boxes(const struct ui *ui, WINDOW *win, const struct pipeline *p, size_t cursor);

/* --- pipepanels.c --- */
struct panel {
	int y, x, height, width;
};
void panel_why(const struct ui *ui, WINDOW *win, struct panel at, const struct pipeline *p);
void panel_about(WINDOW *win, struct panel at, const struct pipeline *p);
void panel_layers(WINDOW *win, struct panel at, const struct pipeline *p);
/* From y down: a step, and the end of its task's log. */
void panel_step(const struct ui *ui, WINDOW *win, int y, const struct pipeline *p,
		const struct pipeline_step *s);

/* --- first.c: what there is before a run --- */
void pipeline_unreached(const struct ui *ui, WINDOW *win);
void pipeline_never(const struct ui *ui, WINDOW *win);

#endif
