#include "run/worker.h"
#include "base/log.h"
#include "cmd/cmd.h"

static struct err *
run_worker(struct cmd *c)
{
	long long id;

	log_setup(log_threshold(), true);
	TRY(cmd_run_id(c->argv[0], &id));
	return worker_run(c->settings, id);
}

const struct command cmd_worker = {
	.name = "worker",
	.args = "RUN",
	.summary = "Do a run that is written down",
	.help = "What 'run --detach' starts.",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_HIDDEN | CMD_WRITES,
	.run = run_worker,
};
