/* The layers, and below them the rows of one entity that the last run left out. */
#ifndef BIKEOPS_UI_LAYERS_H
#define BIKEOPS_UI_LAYERS_H

#include "ui/screen.h"

#define LAYERS_TABLE 11 /* lines of the table that a short window does not show beside the list */

struct layers_state {
	int cursor, top;
	bool moved;	/* else the cursor is at the first break */
	bool rejects;	/* Enter: rows that were left out */
	bool verifying; /* asked; */
	long long asked_us;
	int reject, reject_top;
};

/* Of the cursor, or NULL: not known yet. */
const char *layers_entity(const struct ui *ui, const struct layers_state *s);
/* Has the window room for the list alone? */
bool layers_short(int height);

/* --- rejects.c --- */
int rejects_count(const struct ui *ui, const struct layers_state *s);
/* Lines of the list in a window of this height. */
int rejects_room(const struct ui *ui, const struct layers_state *s, int height);
/* The raw line of the cursor, or NULL. */
char *rejects_raw(void *mem, const struct ui *ui, const struct layers_state *s);
void rejects_draw(const struct ui *ui, WINDOW *win, int y, const struct layers_state *s);

#endif
