#include "view/handoff.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "local/files.h"

#include <string.h>

static struct err *
save(struct cmd *c, struct rows *files, const char *path, const char *text)
{
	const char *cells[] = { path, mem_printf(c->mem, "%zu", strlen(text)) };

	TRY(file_write(path, text));
	rows_add(files, cells);
	return NULL;
}

static struct err *
newest(struct cmd *c, struct ledger *l, long long *run)
{
	struct rows *r;

	TRY(runs_list(c->mem, l, NULL, 1, &r));
	if (!r->n)
		return err_hint(err_new(ERR_NOTFOUND, "there is no run yet"),
				"'bikeops status' tells how it stands");
	*run = rows_int(r, 0, "run");
	return NULL;
}

static struct err *
run_handoff(struct cmd *c)
{
	const char *dir = cmd_option(c, "out");
	struct cmd_table table = { "files", NULL, rows_new(c->mem, 2) };
	struct handoff h;
	struct ledger *l;
	long long run;

	if (c->argc)
		TRY(cmd_run_id(c->argv[0], &run));
	TRY(ledger_open_read(c->mem, c->settings, &l));
	if (!c->argc)
		TRY(newest(c, l, &run));
	TRY(handoff_fetch(c->mem, c->settings, l, run, &h));
	rows_column(table.rows, 0, "file", ROWS_TEXT);
	rows_column(table.rows, 1, "bytes", ROWS_INT);
	const char *path = mem_printf(c->mem, "%s/handoff-%lld", dir ? dir : ".", run);
	TRY(save(c, table.rows, mem_printf(c->mem, "%s.md", path), handoff_markdown(c->mem, &h)));
	TRY(save(c, table.rows, mem_printf(c->mem, "%s.json", path), handoff_json(c->mem, &h)));
	return cmd_print(c, "handoff", &table, 1);
}

static const struct option options[] = {
	{ "out", "DIR", "write them there, in place of the current directory" },
	{ NULL, NULL, NULL },
};

const struct command cmd_handoff = {
	.name = "handoff",
	.args = "[RUN] [--out DIR]",
	.summary = "Write all that is known of a run to two files, for who takes over",
	.help = "Write handoff-RUN.md for people and handoff-RUN.json for programs: why it failed and "
		"what\ndiffers from the last good run, the run with tasks and steps, the layers, what "
		"the log says of\nerrors and its end, and what was sent from the console of this host.  "
		"Files of that name are\nreplaced.  Without RUN the newest.",
	.max_args = 1,
	.options = options,
	.run = run_handoff,
};
