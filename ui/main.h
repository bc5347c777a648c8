/* The console. */
#ifndef BIKEOPS_UI_MAIN_H
#define BIKEOPS_UI_MAIN_H

#include "base/err.h"
#include "base/rows.h"
#include "base/settings.h"

#include <stdbool.h>

/* A command for the : prompt: its name, its first words parted by spaces, may it run there. */
struct console_word {
	const char *name, *words;
	bool reads;
};

struct console_options {
	const struct settings *settings;
	const char *config;		  /* --config, or NULL */
	const struct console_word *words; /* ends with a NULL name */
	bool resume;			  /* go on where the last one stood */
	bool plain;			  /* lines, no screen */
};

/* Until the operator quits; the runs go on. */
struct err *console_run(const struct console_options *options) MUST_CHECK;
/* Every key of every screen: screen, key, what, action. */
struct rows *console_key_rows(void *mem);
#define CONSOLE_END_MS 300 /* to wait for threads when it quits */

/* --plain: a line for every event. */
struct err *console_plain(const struct console_options *options) MUST_CHECK;

#endif
