#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "cmd/people.h"
#include "ledger/ledger.h"
#include "view/emr.h"

static const struct option options[] = {
	{ "since", "DATE", "of this day and later, YYYY-MM-DD" },
	{ NULL, NULL, NULL },
};

/* What no run uses and yet is billed; where EMR is not asked for, nothing is. */
static struct err *
idle(struct cmd *c, struct rows **out)
{
	struct emr *emr;

	*out = NULL;
	if (!*settings_get(c->settings, "emr_application"))
		return NULL;
	struct err *e = emr_view_open(c->mem, c->settings, &emr);
	if (!e)
		e = emr_view_apps(c->mem, c->settings, emr, out);
	if (e)
		log_warn("what idle applications cost is not known: %s", err_text(c->mem, e));
	err_free(e);
	return NULL;
}

static struct err *
run_cost(struct cmd *c)
{
	const char *params[] = { NULL, cmd_option(c, "since") };
	struct cmd_table tables[] = { { "costs", NULL, NULL }, { "applications", NULL, NULL } };
	struct ledger_run *row;
	struct ledger *l;
	long long run = 0;

	if (c->argc) {
		TRY(cmd_run_id(c->argv[0], &run));
		params[0] = mem_printf(c->mem, "%lld", run);
	}
	if (params[1] && !time_is_day(params[1]))
		return err_hint(err_new(ERR_USAGE, "bad value '%s' of '--since'", params[1]),
				"write a day as YYYY-MM-DD");
	TRY(ledger_open_read(c->mem, c->settings, &l));
	if (c->argc)
		TRY(ledger_run_get(c->mem, l, run, &row));
	TRY(ledger_read(c->mem, l, "cost", params, 2, &tables[0].rows));
	TRY(idle(c, &tables[1].rows));
	if (c->output == CMD_TABLE)
		tables[0].rows = people_rows(c, tables[0].rows,
					     "run mode service what quantity unit usd priced_on");
	if (c->output == CMD_TABLE && tables[1].rows)
		tables[1].rows = people_rows(
			c, tables[1].rows, "application name state warm_vcpu warm_gb usd_per_hour");
	return cmd_print(c, "cost", tables, tables[1].rows ? 2 : 1);
}

const struct command cmd_cost = {
	.name = "cost",
	.args = "[RUN] [--since DATE]",
	.summary = "Show what runs cost, by list price",
	.help = "What runs used of services that bill by use, with its list price and the day of "
		"that list,\nfor all runs or one; and what applications of EMR Serverless cost an "
		"hour while nothing\nruns.  The bill of AWS may differ: discounts and taxes are not "
		"known here.",
	.max_args = 1,
	.options = options,
	.run = run_cost,
};
