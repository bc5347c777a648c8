/* The terminal: taken, given back whatever happens, looked after while it is ours. */
#ifndef BIKEOPS_UI_TERMINAL_H
#define BIKEOPS_UI_TERMINAL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* What bracketed paste puts around a paste. */
#define KEY_PASTE_BEGIN 0x4001
#define KEY_PASTE_END	0x4002

/*
 * Begin curses on stdin and stdout.
 * notice  what the operator should know, or NULL: TERM was not known
 */
struct err *terminal_open(void *mem, const char **notice) MUST_CHECK;
/*
 * Give it back, and let what libraries wrote to stderr be seen; false: it takes nothing, and
 * whoever writes to it now waits.
 */
bool terminal_close(void);
/* Stop as Ctrl-Z does, until somebody goes on with us. */
void terminal_suspend(void);
/* For a moment, and back: what is printed between stays on the terminal. */
void terminal_leave(void);
void terminal_enter(void);
/* After terminal_leave(): keys come one by one all the same. */
void terminal_keys(void);
/* Does it still take what we wrote?  If not a frame is better dropped than queued. */
bool terminal_ready(void);
/* INT, TERM, HUP and TSTP come here; a descriptor to poll. */
int terminal_signals(void);
int terminal_signal(void); /* the next one, 0: none */
bool terminal_is_dumb(void);

#endif
