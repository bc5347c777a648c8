/*
 * Drawing on a curses window.  Every text is made harmless, as text_safe() does, and clipped to
 * whole characters; nothing is drawn outside the window.
 */
#ifndef BIKEOPS_UI_DRAW_H
#define BIKEOPS_UI_DRAW_H

#include "base/rows.h"
#include "ui/theme.h"

#include <stddef.h>

/* Text in at most width cells from x on, NULL is ""; gives the cells it took. */
int draw_text(WINDOW *win, int y, int x, int width, enum colour c, const char *text);
/* Likewise, ending at x + width. */
void draw_right(WINDOW *win, int y, int x, int width, enum colour c, const char *text);
int draw_format(WINDOW *win, int y, int x, int width, enum colour c, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* The first cells of text are skipped: for scrolling to the right. */
int draw_from(WINDOW *win, int y, int x, int width, enum colour c, const char *text, int skip);
/* A line of text over several rows, at most height; gives the rows it took. */
int draw_wrapped(WINDOW *win, int y, int x, int height, int width, enum colour c, const char *text);
/* Give width cells that are there already another colour: the cursor's line. */
void draw_tint(WINDOW *win, int y, int x, int width, enum colour c);

void draw_hline(WINDOW *win, int y, int x, int width);
/* A border with a title in its upper edge; NULL for none. */
void draw_box(WINDOW *win, int y, int x, int height, int width, const char *title);

/* Two letters of a state in the ledger (or "retry", "upstream", "skipped"), and their colour. */
const char *state_letters(const char *state);
enum colour state_colour(const char *state);
int draw_state(WINDOW *win, int y, int x, const char *state);

/* part of whole, over width cells. */
void draw_bar(WINDOW *win, int y, int x, int width, enum colour c, long long part, long long whole);
/* The last of n values, one a cell; below 0: a gap. */
void draw_spark(WINDOW *win, int y, int x, int width, enum colour c, const long long *values,
		size_t n);

/* A list: which rows of n are seen in height lines, so that the cursor is. */
int draw_top(int cursor, int top, int n, int height);
/* In the line above the list: how many of its rows come below the window. */
void draw_beyond(WINDOW *win, int y, int top, int n, int height);

#endif
