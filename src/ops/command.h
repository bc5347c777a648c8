/*
 * Our own commands, as an operator would type them, one after the other in a thread beside the
 * caller.  What a command refuses, says or audits is the same from here.
 */
#ifndef BIKEOPS_OPS_COMMAND_H
#define BIKEOPS_OPS_COMMAND_H

#include "base/mailbox.h"

#include <stdbool.h>
#include <stddef.h>

#define COMMAND_ARGS 12

/* Words after the program's name, NULL ends them. */
struct command_line {
	const char *args[COMMAND_ARGS];
};

/* Posted when a command begins and when the last one ended, or one failed. */
struct command_news {
	const char *line;   /* "bikeops run full --detach" */
	size_t step, steps; /* from 1 */
	bool ended;	    /* all of it; the caller may start another */
	const char *output; /* of the last one, or NULL */
	const char *error;  /* why it failed, or NULL */
};

/* As an operator would type it. */
char *command_text(void *mem, const struct command_line *line);
/*
 * Copies lines; profile and config (or NULL) go with each.  A message is a
 * struct command_news, a talloc root; the commands die with this process.
 */
void command_start(struct mailbox *box, int kind, const char *profile, const char *config,
		   const struct command_line *lines, size_t n);

#endif
