/* What the logs' screen remembers, and its picture. */
#ifndef BIKEOPS_UI_LOGS_H
#define BIKEOPS_UI_LOGS_H

#include "ui/screen.h"
#include "view/logreader.h"

#define CONTEXT_MAX 9 /* lines around those that the filter finds */

struct logs_state {
	struct log_ask ask; /* the last one */
	unsigned taken;	    /* the number of the last answer that was taken in */
	long long shown;    /* the run whose rows are on the screen */
	char task[64];	    /* and the task, "": all */
	bool follow, wrap;
	long long cursor, top; /* numbers of lines */
	int left;	       /* cells skipped at the left */
	char find[128];
};

const struct log_view *logs_view(const struct ui *ui);
/* The last row that begins at line n or before, 0 where there is none. */
size_t logs_row(const struct log_view *v, long long n);
/* Rows of the screen that lines have. */
int logs_body(int height);
/* What row i fills of them. */
int logs_height(const struct logs_state *s, const struct log_view *v, size_t i, int width);
void logs_draw(const struct ui *ui, WINDOW *win, const void *state);
/* Seconds that the zone of the screen is ahead of UTC at this time. */
long long logs_offset(const struct ui *ui, long long seconds);

/* Ask for rows; from: a line's number, or a time with LOG_TIME. */
void logs_ask(struct ui *ui, struct logs_state *s, enum log_go go, long long from);
/* Around the cursor again, with another filter or size. */
void logs_again(struct ui *ui, struct logs_state *s);
/* False, and said: lines at the end have no number yet. */
bool logs_numbered(struct ui *ui, const struct logs_state *s);
/* Show all of the stack of line n. */
void logs_stack_open(struct log_filter *f, long long n);

/* --- logfind.c: keys that find, filter, fold and save --- */
void logs_find(struct ui *ui, void *state, int code);
void logs_fault(struct ui *ui, void *state, int code);
void logs_at(struct ui *ui, void *state, int code);
void logs_filter(struct ui *ui, void *state, int code);
void logs_level(struct ui *ui, void *state, int code);
void logs_sources(struct ui *ui, void *state, int code);
void logs_switch(struct ui *ui, void *state, int code);
void logs_open_stack(struct ui *ui, void *state, int code);
void logs_save_as(struct ui *ui, void *state, int code);

#endif
