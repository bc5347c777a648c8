#include "base/mem.h"
#include "cmd/cmd.h"
#include "ops/start.h"
#include "run/worker.h"
#include "view/run_result.h"

#include <stdlib.h>

static const struct option options[] = {
	{ "dataset", "DIR", "import the nine CSV files of this folder into a new store" },
	{ "recreate", NULL, "with --dataset: in place of what is there; ledger and lake stay" },
	{ NULL, NULL, NULL },
};

static struct err *
run_setup(struct cmd *c)
{
	const char *dir = cmd_option(c, "dataset");
	struct run_request request = { .mode = "setup", .recreate = cmd_flag(c, "recreate") };
	struct rows *run, *tables;
	char *absolute = NULL;
	long long id;

	if (request.recreate && !dir)
		return err_hint(err_new(ERR_USAGE, "--recreate needs rows to make the store from"),
				"give them: --dataset DIR");
	if (dir) { /* a worker may stand elsewhere */
		absolute = realpath(dir, NULL);
		request.dataset = absolute ? mem_strdup(c->mem, absolute) : dir;
		free(absolute);
	}
	TRY(start_new(c->settings, &request, &id));
	TRY(worker_run(c->settings, id));
	TRY(run_result_fetch(c->mem, c->settings, id, &run, &tables));
	struct cmd_table table = { "run", NULL, run };
	return cmd_print(c, "setup", &table, 1);
}

const struct command cmd_setup = {
	.name = "setup",
	.args = "[--dataset DIR] [--recreate]",
	.summary = "Make the store, capture its changes, make the warehouse",
	.help = "Makes what is missing and leaves the rest: the shop's tables with the rows of a\n"
		"data set, the journal and its triggers, the warehouse's schemas. A broken file is\n"
		"refused with its line, and nothing is imported.",
	.max_args = 0,
	.flags = CMD_WRITES,
	.options = options,
	.run = run_setup,
};
