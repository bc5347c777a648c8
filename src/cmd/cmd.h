/* A command is one const row in its own file, listed in commands.c. */
#ifndef BIKEOPS_CMD_CMD_H
#define BIKEOPS_CMD_CMD_H

#include "base/err.h"
#include "base/rows.h"
#include "base/settings.h"

#include <stdbool.h>
#include <stddef.h>

struct option {
	const char *name;  /* "dataset", given as --dataset */
	const char *value; /* what its value is called, "DIR"; NULL for a flag */
	const char *help;
};

enum command_flags {
	CMD_WRITES = 1, /* changes something: refused where the profile is locked */
	CMD_HIDDEN = 2, /* not for people: in no list */
	CMD_BARE = 4,	/* needs no configuration: settings are not read */
};

struct cmd;

struct command {
	const char *name;
	const char *args;	      /* synopsis after the name; "" for none */
	const char *summary;	      /* one line, imperative */
	const char *help;	      /* paragraphs for --help and the manual */
	const char *words;	      /* first arguments to complete, parted by spaces, or NULL */
	int min_args, max_args;	      /* positional ones; max -1: any number */
	unsigned flags;		      /* enum command_flags */
	const struct option *options; /* ends with a NULL name; may be NULL */
	struct err *(*run)(struct cmd *c);
};

extern const struct command *const commands[]; /* ends with NULL */
extern const struct option common_options[];   /* every command has them */

enum cmd_output { CMD_TABLE, CMD_JSON, CMD_CSV };

/* One call of one command. */
struct cmd {
	void *mem; /* freed when the command ends */
	const struct command *command;
	struct settings *settings; /* NULL for CMD_BARE */
	enum cmd_output output;
	bool help;
	int argc; /* positional arguments */
	char **argv;
	const char **values; /* of command->options, then common_options; NULL: not given */
};

const char *cmd_option(const struct cmd *c, const char *name); /* value, or NULL */
bool cmd_flag(const struct cmd *c, const char *name);
/* A whole number from min to max; fallback where the option is not given. */
struct err *cmd_number(const struct cmd *c, const char *name, long long min, long long max,
		       long long fallback, long long *out) MUST_CHECK;
/* The run that an argument names: "128"; ERR_USAGE. */
struct err *cmd_run_id(const char *text, long long *out) MUST_CHECK;

/* The moment of --at, NULL where it is not given; ERR_USAGE. */
struct err *cmd_moment(const struct cmd *c, const char **out) MUST_CHECK;

/* One named table of an answer. */
struct cmd_table {
	const char *name;  /* its key in JSON */
	const char *title; /* its headline as text, or NULL */
	struct rows *rows;
};

/*
 * Print an answer on stdout as --output says: tables below each other; JSON
 * {"schema": "bikeops.NAME/1", TABLE: [..], ..}; as CSV the first table only.
 * errors  ERR_REMOTE when stdout cannot take it
 */
struct err *cmd_print(struct cmd *c, const char *schema, const struct cmd_table *tables, size_t n)
	MUST_CHECK;
/* What was printed is out, all of it; else ERR_REMOTE. */
struct err *cmd_flush(void) MUST_CHECK;
/* Print how one command is called, on stdout. */
struct err *cmd_help(const struct command *command) MUST_CHECK;
/* Parse argv[1..], find the command, run it; the exit status. */
int cmd_main(int argc, char **argv);

#endif
