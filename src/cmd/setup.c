#include "base/mem.h"
#include "cmd/cmd.h"
#include "ops/start.h"
#include "run/worker.h"
#include "source/source.h"
#include "view/run_result.h"

#include <stdlib.h>

static const struct option options[] = {
	{ "dataset", "DIR", "import the nine CSV files of this folder into a new store" },
	{ "recreate", NULL, "with --dataset: in place of what is there; ledger and lake stay" },
	{ "adopt", NULL, "capture a store that others made: add what it lacks, change no row" },
	{ "uninstall-capture", NULL, "take away the journal and its triggers" },
	{ "drop-audit", NULL, "with --uninstall-capture: the audit columns too" },
	{ "dry-run", NULL, "with --adopt or --uninstall-capture: list what would be done" },
	{ NULL, NULL, NULL },
};

static struct err *
check_options(const struct cmd *c)
{
	bool dataset = cmd_option(c, "dataset"), adopt = cmd_flag(c, "adopt");
	bool uninstall = cmd_flag(c, "uninstall-capture");

	if (cmd_flag(c, "recreate") && !dataset)
		return err_hint(err_new(ERR_USAGE, "--recreate needs rows to make the store from"),
				"give them: --dataset DIR");
	if (dataset + adopt + uninstall > 1)
		return err_hint(err_new(ERR_USAGE,
					"--dataset makes a store, --adopt takes one as it "
					"is, --uninstall-capture leaves it"),
				"give one of them");
	if (cmd_flag(c, "drop-audit") && !uninstall)
		return err_hint(err_new(ERR_USAGE, "--drop-audit goes with --uninstall-capture"),
				"give both");
	if (cmd_flag(c, "dry-run") && !adopt && !uninstall)
		return err_hint(err_new(ERR_USAGE, "--dry-run goes with --adopt or "
						   "--uninstall-capture"),
				"give one of them");
	return NULL;
}

static struct err *
dry_run(struct cmd *c)
{
	struct rows *differs, *plan;
	struct source *s;

	TRY(source_open(c->mem, c->settings, NULL, "bikeops setup", &s));
	if (cmd_flag(c, "uninstall-capture")) {
		TRY(source_remove_look(c->mem, s, cmd_flag(c, "drop-audit"), &plan));
		return cmd_print(c, "adopt", &(struct cmd_table){ "plan", NULL, plan }, 1);
	}
	TRY(source_adopt_look(c->mem, s, &differs, &plan));
	struct cmd_table tables[] = { { "plan", NULL, plan }, { "differs", NULL, differs } };
	TRY(cmd_print(c, "adopt", tables, 2));
	return source_adopt_refusal(differs);
}

static struct err *
run_setup(struct cmd *c)
{
	const char *dir = cmd_option(c, "dataset");
	struct run_request request = { .mode = "setup",
				       .recreate = cmd_flag(c, "recreate"),
				       .adopt = cmd_flag(c, "adopt"),
				       .uninstall = cmd_flag(c, "uninstall-capture"),
				       .drop_audit = cmd_flag(c, "drop-audit") };
	struct rows *run, *tables;
	char *absolute = NULL;
	long long id;

	TRY(check_options(c));
	if (cmd_flag(c, "dry-run"))
		return dry_run(c);
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
	.args = "[--dataset DIR [--recreate] | --adopt | --uninstall-capture]",
	.summary = "Make the store, capture its changes, make the warehouse",
	.help = "Makes what is missing and leaves the rest: the shop's tables with the rows of a\n"
		"data set, the journal and its triggers, the warehouse's schemas. A broken file is\n"
		"refused with its line, and nothing is imported. --adopt takes a store that others\n"
		"made, with its rows and its writers at work.",
	.max_args = 0,
	.flags = CMD_WRITES,
	.options = options,
	.run = run_setup,
};
