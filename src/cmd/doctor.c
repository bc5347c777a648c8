#include "base/mem.h"
#include "cmd/cmd.h"
#include "view/health.h"

static struct err *
run_doctor(struct cmd *c)
{
	struct health h;

	health_fetch(c->mem, c->settings, cmd_flag(c, "write-test") ? HEALTH_WRITE : HEALTH_ASKED,
		     &h);
	struct cmd_table tables[] = {
		{ "checks", NULL, h.checks },
		{ "settings", NULL, h.settings },
	};
	TRY(cmd_print(c, "doctor", tables, 2));
	if (h.unreached)
		return err_new(ERR_NET, "not all could be reached: %zu checks failed", h.failed);
	if (h.failed)
		return err_new(ERR_DATA, "%zu checks failed", h.failed);
	return NULL;
}

static const struct option options[] = {
	{ "write-test", NULL, "also write an object into each bucket, and remove it" },
	{ NULL, NULL, NULL },
};

const struct command cmd_doctor = {
	.name = "doctor",
	.args = "[--write-test]",
	.summary = "Look at everything the program depends on, and say how to mend it",
	.help = "Look at the libraries, the settings, the connections, rights, triggers, the oldest "
		"transaction,\nlocks and the disks.  Ends with 1 where a check failed, with 3 where "
		"something could not be reached.",
	.options = options,
	.run = run_doctor,
};
