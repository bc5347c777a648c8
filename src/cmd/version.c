#include "cmd/cmd.h"

#include <stdio.h>

static struct err *
run_version(struct cmd *c)
{
	struct rows *r = rows_new(c->mem, 1);
	const char *cells[] = { BIKEOPS_VERSION };
	struct cmd_table table = { "version", NULL, r };

	rows_column(r, 0, "version", ROWS_TEXT);
	rows_add(r, cells);
	if (c->output != CMD_TABLE)
		return cmd_print(c, "version", &table, 1);
	printf("bikeops %s\n", BIKEOPS_VERSION);
	return cmd_flush();
}

const struct command cmd_version = {
	.name = "version",
	.args = "",
	.summary = "Print the version",
	.help = "Print the version of this program.",
	.flags = CMD_BARE,
	.run = run_version,
};
