/* A key is one const row: the key line, help, the manual and dispatch read the same row. */
#ifndef BIKEOPS_UI_KEY_H
#define BIKEOPS_UI_KEY_H

#include <stdbool.h>

struct ui;

#define CTRL_KEY(c) ((c) & 0x1f)

enum key_flags {
	KEY_WRITES = 1, /* changes something: dead while locked */
	KEY_ALWAYS = 2, /* the key line has room for it, whatever else matters */
};

#define KEY_CODES 6

struct key {
	int codes[KEY_CODES]; /* characters or curses' KEY_ codes; 0 ends them */
	const char *name;     /* as help shows it: "j Down" */
	/*
	 * What bikeops.conf calls its keys: word n is the action of code n, which word n of the
	 * name shows.  Codes without a word stay what they are, as arrows do.
	 */
	const char *actions;
	const char *brief; /* its words in the key line, or NULL: in help alone */
	/* Those words as they are now; NULL: always brief. */
	const char *(*words)(const struct ui *ui, const void *state);
	const char *help; /* one line, imperative: "show the next line" */
	/* state is the screen's; code the key that was pressed */
	void (*act)(struct ui *ui, void *state, int code);
	bool (*valid)(const struct ui *ui, const void *state); /* NULL: always */
	/* Would it do something now?  Else the key line does not offer it; NULL: always. */
	bool (*due)(const struct ui *ui, const void *state);
	unsigned flags;
};

#endif
