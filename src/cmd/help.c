#include "base/mem.h"
#include "cmd/cmd.h"
#include "ui/main.h"

#include <stdio.h>
#include <string.h>

static void
help_options(const struct option *options)
{
	AUTO_MEM void *tmp = mem_root();

	for (; options && options->name; options++) {
		const char *left =
			options->value ? mem_printf(tmp, "--%s %s", options->name, options->value)
				       : mem_printf(tmp, "--%s", options->name);

		printf("  %-22s %s\n", left, options->help);
	}
}

struct err *
cmd_help(const struct command *command)
{
	printf("usage: bikeops %s%s%s\n\n%s\n", command->name, *command->args ? " " : "",
	       command->args, command->help);
	if (command->options) {
		printf("\noptions:\n");
		help_options(command->options);
	}
	printf("\nwith every command:\n");
	help_options(common_options);
	return cmd_flush();
}

static char *
option_words(void *mem, const struct option *options)
{
	char *words = mem_strdup(mem, "");

	for (; options && options->name; options++)
		words = mem_printf(mem, "%s%s--%s", words, *words ? " " : "", options->name);
	return words;
}

static struct rows *
help_rows(void *mem)
{
	static const char *const names[] = { "command", "args", "summary", "options" };
	struct rows *r = rows_new(mem, 4);

	for (size_t i = 0; i < 4; i++)
		rows_column(r, i, names[i], ROWS_TEXT);
	for (const struct command *const *row = commands; *row; row++) {
		if ((*row)->flags & CMD_HIDDEN)
			continue;
		const char *cells[] = { (*row)->name, (*row)->args, (*row)->summary,
					option_words(mem, (*row)->options) };
		rows_add(r, cells);
	}
	return r;
}

static void
help_list(void)
{
	printf("usage: bikeops [COMMAND] [ARGUMENTS]\n\n"
	       "The operator console of a bike store's data pipeline.\n\ncommands:\n");
	for (const struct command *const *row = commands; *row; row++) {
		if (!((*row)->flags & CMD_HIDDEN))
			printf("  %-10s %s\n", (*row)->name, (*row)->summary);
	}
	printf("\n'bikeops COMMAND --help' tells more.\n");
}

/* Every word that bash may offer: commands, then each one's words and options. */
static void
help_completion(void *mem)
{
	char *names = mem_strdup(mem, "");

	printf("_bikeops() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]}\n"
	       "\tlocal words\n\tcase ${COMP_WORDS[1]} in\n");
	for (const struct command *const *row = commands; *row; row++) {
		if ((*row)->flags & CMD_HIDDEN)
			continue;
		names = mem_printf(mem, "%s%s%s", names, *names ? " " : "", (*row)->name);
		printf("\t%s) words='%s %s %s' ;;\n", (*row)->name,
		       (*row)->words ? (*row)->words : "", option_words(mem, (*row)->options),
		       option_words(mem, common_options));
	}
	printf("\t*) words= ;;\n\tesac\n\t[ \"$COMP_CWORD\" -gt 1 ] || words='%s'\n"
	       "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n}\n"
	       "complete -o default -F _bikeops bikeops\n",
	       names);
}

static struct err *
help_topic(const char *name)
{
	for (const struct command *const *row = commands; *row; row++) {
		if (!strcmp((*row)->name, name))
			return cmd_help(*row);
	}
	return err_hint(err_new(ERR_USAGE, "'%s' is not a command", name),
			"'bikeops help' lists them");
}

static struct err *
run_help(struct cmd *c)
{
	struct cmd_table table = { "commands", NULL, help_rows(c->mem) };
	struct cmd_table keys = { "keys", NULL, console_key_rows(c->mem) };

	if (c->argc)
		return help_topic(c->argv[0]);
	if (cmd_flag(c, "keys"))
		return cmd_print(c, "keys", &keys, 1);
	if (c->output != CMD_TABLE)
		return cmd_print(c, "help", &table, 1);
	if (cmd_flag(c, "bash-completion"))
		help_completion(c->mem);
	else if (cmd_flag(c, "sample-config"))
		fputs(settings_sample(c->mem), stdout);
	else
		help_list();
	return cmd_flush();
}

static const struct option options[] = {
	{ "bash-completion", NULL, "print the completion for bash" },
	{ "keys", NULL, "list every key of the console" },
	{ "sample-config", NULL, "print a bikeops.conf with every setting" },
	{ NULL, NULL, NULL },
};

const struct command cmd_help_row = {
	.name = "help",
	.args = "[COMMAND]",
	.summary = "List the commands, or tell how one is called",
	.help = "Without a command, list them all.",
	.max_args = 1,
	.flags = CMD_BARE,
	.options = options,
	.run = run_help,
};
