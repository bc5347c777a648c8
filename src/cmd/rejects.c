#include "view/rejects.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/cmd.h"

static void
tell(const struct rejects *r)
{
	long long shown = (long long)r->rows->n;

	if (!r->run)
		log_info("no run has transformed anything yet");
	else if (!r->n)
		log_info("run %lld rejected nothing", r->run);
	else if (r->n > shown)
		log_info("%lld more of run %lld: --limit %lld shows them all", r->n - shown, r->run,
			 r->n);
}

static struct err *
run_rejects(struct cmd *c)
{
	long long limit, run = 0;
	struct rejects r;
	struct ledger *l;

	TRY(cmd_number(c, "limit", 1, 1000000, 100, &limit));
	if (c->argc)
		TRY(cmd_run_id(c->argv[0], &run));
	TRY(ledger_open_read(c->mem, c->settings, &l));
	TRY(rejects_fetch(c->mem, c->settings, l, run, limit, &r));
	struct cmd_table rows = { "rejects", NULL, r.rows }, rules = { "rules", NULL, r.rules };
	bool people = c->output == CMD_TABLE && r.n; /* the sums first; CSV is the first table */
	struct cmd_table tables[] = { people ? rules : rows, people ? rows : rules };
	TRY(cmd_print(c, "rejects", tables, r.n || c->output == CMD_JSON ? 2 : 1));
	tell(&r);
	return NULL;
}

static const struct option options[] = {
	{ "limit", "N", "show so many of them (100)" },
	{ NULL, NULL, NULL },
};

const struct command cmd_rejects = {
	.name = "rejects",
	.args = "[RUN]",
	.summary = "Show the rows that the last run left out, and why",
	.help = "The rows that broke a rule and were left out by the last run, or by RUN: how many "
		"of each\nrule, then entity, key, rule, the raw line and the object it stands in.  A "
		"row comes again\nwhen it is mended at the source.",
	.max_args = 1,
	.options = options,
	.run = run_rejects,
};
