/*
 * The way to the terminal.  What it does not take at once is kept, so that nobody waits for it: a
 * frame is drawn once the one before is gone, and a terminal that nobody reads gets none.
 */
#ifndef BIKEOPS_UI_OUTPUT_H
#define BIKEOPS_UI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The stream for curses, on stdout's terminal; NULL where descriptors are used up. */
FILE *output_open(void);
void output_close(void);

/* What curses writes between these two is kept; the second begins to send it. */
void output_begin(void);
void output_end(void);
/* Bytes as they are, after what is kept: only for what no text from outside is in. */
void output_add(const char *bytes, size_t n);

/* Something is kept; its descriptor is then polled for writing. */
bool output_waits(void);
int output_fd(void);
/* Send what the terminal takes now. */
void output_send(void);
/* Wait so long for the rest; where it is not taken drop it, and what the terminal holds unread. */
void output_drain(int ms);
/* In a signal handler: at once or not at all. */
void output_last(const char *bytes, size_t n);

#endif
