#include "base/log.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "local/env.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct option common_options[] = {
	{ "output", "FORMAT", "print a table, json or csv" },
	{ "profile", "NAME", "take the databases and settings of this profile" },
	{ "config", "FILE", "read this file in place of the usual ones" },
	{ "verbose", NULL, "-v: say more; -vv: also where an error was raised" },
	{ "help", NULL, "show this help" },
	{ NULL, NULL, NULL },
};

static size_t
options_count(const struct option *options)
{
	size_t n = 0;

	while (options && options[n].name)
		n++;
	return n;
}

/* The index of an option in a command's values: its own first, then the common ones. */
static int
option_index(const struct command *command, const char *name, size_t len, const struct option **row)
{
	size_t own = options_count(command->options);

	for (size_t i = 0; i < own + options_count(common_options); i++) {
		*row = i < own ? &command->options[i] : &common_options[i - own];
		if (strlen((*row)->name) == len && !strncmp((*row)->name, name, len))
			return (int)i;
	}
	return -1;
}

static struct err *
usage(const struct command *command, struct err *e)
{
	return err_hint(e, "'bikeops %s --help' shows how", command->name);
}

/* One --name, --name=value or --name value; *used counts the arguments taken. */
static struct err *
parse_option(struct cmd *c, char **argv, int left, int *used)
{
	const char *name = argv[0] + 2;
	size_t len = strcspn(name, "=");
	const struct option *row;
	int i = option_index(c->command, name, len, &row);

	*used = 1;
	if (i < 0)
		return usage(c->command, err_new(ERR_USAGE, "'%s' has no option '%s'",
						 c->command->name, argv[0]));
	if (!row->value && name[len])
		return usage(c->command,
			     err_new(ERR_USAGE, "option '--%s' takes no value", row->name));
	if (row->value && !name[len] && left < 2)
		return usage(c->command, err_new(ERR_USAGE, "option '--%s' needs a value, %s",
						 row->name, row->value));
	if (!row->value) {
		c->values[i] = "";
	} else if (name[len]) {
		c->values[i] = name + len + 1;
	} else {
		c->values[i] = argv[1];
		*used = 2;
	}
	return NULL;
}

static bool
is_verbose(const char *arg)
{
	return arg[0] == '-' && arg[1] == 'v' && arg[strspn(arg + 1, "v") + 1] == '\0';
}

static struct err *
parse(struct cmd *c, int argc, char **argv)
{
	int verbose = 0, used;

	for (int i = 0; i < argc; i += used) {
		used = 1;
		if (!strcmp(argv[i], "--")) {
			while (++i < argc)
				c->argv[c->argc++] = argv[i];
		} else if (is_verbose(argv[i])) {
			verbose += (int)strlen(argv[i]) - 1;
		} else if (!strcmp(argv[i], "-h")) {
			c->help = true;
		} else if (!strncmp(argv[i], "--", 2)) {
			TRY(parse_option(c, argv + i, argc - i, &used));
		} else if (argv[i][0] == '-' && argv[i][1]) {
			return usage(c->command,
				     err_new(ERR_USAGE, "unknown option '%s'", argv[i]));
		} else {
			c->argv[c->argc++] = argv[i];
		}
	}
	c->help |= cmd_flag(c, "help");
	verbose += cmd_flag(c, "verbose");
	log_setup(verbose > 0 ? LOG_DEBUG : LOG_INFO, false);
	return NULL;
}

static struct err *
check(struct cmd *c)
{
	static const char *const formats[] = { "table", "json", "csv" };
	const struct command *command = c->command;
	const char *format = cmd_option(c, "output");
	size_t i = 0;

	while (format && i < 3 && strcmp(format, formats[i]))
		i++;
	if (i == 3)
		return err_hint(err_new(ERR_USAGE, "bad value '%s' of '--output'", format),
				"write table, json or csv");
	c->output = (enum cmd_output)i;
	if (c->argc < command->min_args)
		return usage(command,
			     err_new(ERR_USAGE, "'%s' needs %s", command->name, command->args));
	if (command->max_args >= 0 && c->argc > command->max_args)
		return usage(command, err_new(ERR_USAGE, "'%s' does not know what '%s' is",
					      command->name, c->argv[command->max_args]));
	return NULL;
}

static struct err *
configure(struct cmd *c)
{
	TRY(local_settings(c->mem, cmd_option(c, "config"), cmd_option(c, "profile"),
			   &c->settings));
	if (*settings_get(c->settings, "sql_dir"))
		TRY(sql_use_dir(settings_get(c->settings, "sql_dir")));
	return NULL;
}

static const struct command *
find(const char *name)
{
	for (const struct command *const *row = commands; *row; row++) {
		if (!strcmp((*row)->name, name))
			return *row;
	}
	return NULL;
}

static struct err *
execute(struct cmd *c, int argc, char **argv)
{
	const struct command *command = c->command;
	size_t n = options_count(command->options) + options_count(common_options);

	c->values = mem_array(c->mem, const char *, n);
	c->argv = mem_array(c->mem, char *, argc + 1);
	TRY(parse(c, argc, argv));
	if (c->help)
		return cmd_help(command);
	TRY(check(c));
	if (!(command->flags & CMD_BARE))
		TRY(configure(c));
	return command->run(c);
}

/* How many arguments stand before the command: options that every command has. */
static int
leading(int argc, char **argv)
{
	int n = 1;

	while (n < argc && (!strncmp(argv[n], "--", 2) || is_verbose(argv[n]))) {
		size_t len = strcspn(argv[n], "=");
		const struct option *row = common_options;

		while (row->name && (strlen(row->name) + 2 != len ||
				     strncmp(row->name, argv[n] + 2, len - 2) != 0))
			row++;
		if (!is_verbose(argv[n]) && (!row->name || !strcmp(row->name, "help")))
			break;
		n += row->name && row->value && !argv[n][len] ? 2 : 1;
	}
	return n < argc ? n : argc;
}

/* No command is the console on a terminal, else status; -h, --help and --version are the commands
 * of that name. */
int
cmd_main(int argc, char **argv)
{
	AUTO_MEM void *mem = mem_root();
	bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	int before = leading(argc, argv);
	const char *name = before < argc ? argv[before] : terminal ? "console" : "status";
	struct cmd c = { .mem = mem };
	struct err *e;

	if (!strcmp(name, "-h") || !strcmp(name, "--help"))
		name = "help";
	else if (!strcmp(name, "--version"))
		name = "version";
	c.command = find(name);
	/* the command's name makes room for what stood before it */
	memmove(argv + 2, argv + 1, (size_t)(before - 1) * sizeof(*argv));
	if (c.command)
		e = execute(&c, before < argc ? argc - 2 : argc - 1, argv + 2);
	else
		e = err_hint(err_new(ERR_USAGE, "'%s' is not a command", name),
			     "'bikeops help' lists them");
	if (!e)
		return 0;
	int status = err_status(e->code);
	log_status("");
	log_err(e);
	err_free(e);
	return status;
}

const char *
cmd_option(const struct cmd *c, const char *name)
{
	const struct option *row;
	int i = option_index(c->command, name, strlen(name), &row);

	assert(i >= 0);
	return c->values[i];
}

bool
cmd_flag(const struct cmd *c, const char *name)
{
	return cmd_option(c, name) != NULL;
}

struct err *
cmd_number(const struct cmd *c, const char *name, long long min, long long max, long long fallback,
	   long long *out)
{
	const char *text = cmd_option(c, name);
	char *end;

	*out = fallback;
	if (!text)
		return NULL;
	long long n = strtoll(text, &end, 10);
	if (!*text || *end || n < min || n > max)
		return err_hint(err_new(ERR_USAGE, "bad value '%s' of '--%s'", text, name),
				"write a whole number from %lld to %lld", min, max);
	*out = n;
	return NULL;
}

struct err *
cmd_run_id(const char *text, long long *out)
{
	size_t n = strspn(text, "0123456789");

	if (!n || n > 18 || text[n])
		return err_hint(err_new(ERR_USAGE, "'%s' is not a run", text),
				"give its number; 'bikeops runs' lists them");
	*out = strtoll(text, NULL, 10);
	return NULL;
}

struct err *
cmd_moment(const struct cmd *c, const char **out)
{
	const char *text = cmd_option(c, "at");
	char *at = NULL;

	if (text && !time_moment(c->mem, text, time_now_us(), &at))
		return err_hint(err_new(ERR_USAGE, "bad value '%s' of '--at'", text),
				"write HH:MM, HH:MM:SS or as 2026-07-15T03:12:00Z, in UTC");
	*out = at;
	return NULL;
}
