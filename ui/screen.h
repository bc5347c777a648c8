/*
 * A screen is one const row in its own file, listed in screens.c.  It draws the newest views;
 * nothing here waits for anything.
 */
#ifndef BIKEOPS_UI_SCREEN_H
#define BIKEOPS_UI_SCREEN_H

#include "base/settings.h"
#include "ui/key.h"
#include "view/feed.h"

#include <ncurses.h>
#include <stdbool.h>

struct logreader;

struct screen {
	char key;
	const char *name;	  /* its tab, and its word at the prompt in lower case */
	void *(*init)(void *mem); /* its state, a talloc tree; NULL: it has none */
	/* What it needs now, added to *want; may be NULL. */
	void (*want)(const struct ui *ui, const void *state, struct feed_want *want);
	/* Before a draw, with new views or a second later: move cursors, read on; may be NULL. */
	void (*update)(struct ui *ui, void *state);
	/* Ask for the next update so many ms from now, -1: with the next view; may be NULL. */
	int (*wake_ms)(const struct ui *ui, const void *state);
	/* Pure: a picture of views and state on an erased window of any size from 1x1. */
	void (*draw)(const struct ui *ui, WINDOW *win, const void *state);
	/* Where one is, "pipeline > 127 > extract", and its command, "bikeops runs show 127". */
	char *(*path)(void *mem, const struct ui *ui, const void *state);
	char *(*command)(void *mem, const struct ui *ui, const void *state);
	/* What y copies (the line of the cursor); may be NULL. */
	char *(*cell)(void *mem, const struct ui *ui, const void *state);
	const struct key *keys; /* its own, before those of every screen; ends with a NULL name */
	/* Written to the state file as one line, and read from it; may be NULL. */
	char *(*save)(void *mem, const void *state);
	void (*restore)(void *state, const char *text);
};

extern const struct screen *const screens[]; /* ends with NULL */

/* What screens may read and, in actions and update, write. */
struct ui {
	const struct settings *settings;
	const struct feed_item *feed[FEED_KINDS]; /* NULL: no answer yet */
	long long now_us;			  /* the clock of this picture */
	bool local_time;			  /* Z: local time in place of UTC */
	bool locked;				  /* writes are refused */
	long long run;		 /* that all screens look at; 0: the one at work, else the newest */
	char task[64];		 /* of it, for the logs; "": all */
	bool setup;		 /* :setup, the other DAG */
	char at[24];		 /* time travel: views are as of then; "": now */
	struct console *console; /* opaque to screens */
};

/* The view of a kind, or NULL: none yet, or it failed. */
const void *ui_view(const struct ui *ui, enum feed_kind kind);
/* Why there is no view of a kind, as one line. */
const char *ui_absent(const struct ui *ui, enum feed_kind kind);
/* Show the screen with this key. */
void ui_go(struct ui *ui, char key);
/* q: leave what was opened; a screen's own q row comes first. */
void ui_back(struct ui *ui);
/* One line for the operator, until the next key. */
void ui_say(struct ui *ui, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A line of input at the bottom; done gets the text, not on Esc.  Pastes are taken. */
void ui_ask(struct ui *ui, const char *label, const char *text,
	    void (*done)(struct ui *ui, void *state, const char *text));
/* The key of an action now, "U" of "lock", as text says it. */
const char *ui_key(const struct ui *ui, const char *action);
/* Fetch again now; live: totals from the databases themselves. */
void ui_refresh(struct ui *ui, bool live);
/* The thread that reads logs, begun by the first call; its answers come as FEED_LOGS. */
struct logreader *ui_logs(struct ui *ui);
/* Rows of the screen's window now: for keys that move by pages. */
int ui_height(const struct ui *ui);
int ui_width(const struct ui *ui);
/* Copy by OSC 52, and say so. */
void ui_copy(struct ui *ui, const char *text);
/* "14:04:12" and "07-15 14:04" of "2026-07-15T14:04:12Z", in UTC or local time; "" of NULL. */
char *ui_clock(void *mem, const struct ui *ui, const char *iso);
char *ui_day(void *mem, const struct ui *ui, const char *iso);
/* "15 s" since then, or "now"; in steps of five seconds: each second would be drawn anew. */
char *ui_age(void *mem, const struct ui *ui, long long at_us);
/* "15 s ago", or "just now". */
char *ui_ago(void *mem, const struct ui *ui, long long at_us);
/* Microseconds of such a text, 0 of NULL or another. */
long long ui_us(const char *iso);

/* Moving in a list of n lines by the keys of every screen; false: code is none of them. */
bool ui_move(int *cursor, int n, int page, int code);
/* Those keys as rows' codes: { MOVE_KEYS }. */
#define KEY_ROW_MOVE(action)                                                   \
	{ .codes = { 'j', KEY_DOWN },                                          \
	  .name = "j Down",                                                    \
	  .actions = "down",                                                   \
	  .help = "next line",                                                 \
	  .act = (action) },                                                   \
		{ .codes = { 'k', KEY_UP },                                    \
		  .name = "k Up",                                              \
		  .actions = "up",                                             \
		  .help = "line before",                                       \
		  .act = (action) },                                           \
		{ .codes = { ' ', KEY_NPAGE },                                 \
		  .name = "Space PgDn",                                        \
		  .actions = "page-down",                                      \
		  .help = "next page",                                         \
		  .act = (action) },                                           \
		{ .codes = { KEY_PPAGE },                                      \
		  .name = "PgUp",                                              \
		  .help = "page before",                                       \
		  .act = (action) },                                           \
		{ .codes = { 'g', KEY_HOME },                                  \
		  .name = "g Home",                                            \
		  .actions = "first",                                          \
		  .help = "first line",                                        \
		  .act = (action) },                                           \
	{                                                                      \
		.codes = { 'G', KEY_END }, .name = "G End", .actions = "last", \
		.help = "last line", .act = (action)                           \
	}

#endif
