#include "view/runs.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/people.h"

#include <string.h>

#define RUN_COLUMNS                                                                                 \
	"run pipeline mode state requested_by host pid heartbeat_at attempt created_at started_at " \
	"duration_ms rows changed k engine usd program prefix note error hint"
#define STEP_COLUMNS "step attempt state rows total bytes rows_per_s duration_ms left_ms note"

/* For people: which of the failed ones no longer matter. */
static void
mark_covered(struct rows *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (!run_is_covered(r, i))
			continue;
		rows_set(r, i, "state", mem_printf(r, "%s (covered)", rows_get(r, i, "state")));
		rows_set(r, i, "hint", RUN_COVERED_NEXT);
	}
}

static struct err *
list(struct cmd *c, struct ledger *l)
{
	struct cmd_table table = { "runs", NULL, NULL };
	long long limit;

	TRY(cmd_number(c, "limit", 1, 1000000, 20, &limit));
	TRY(runs_list(c->mem, l, NULL, limit, &table.rows));
	if (c->output == CMD_TABLE) {
		mark_covered(table.rows);
		table.rows = people_rows(c, table.rows,
					 "run pipeline mode state started_at duration_ms rows "
					 "changed k note error");
	}
	return cmd_print(c, "runs", &table, 1);
}

static struct err *
show(struct cmd *c, struct ledger *l, long long run)
{
	struct run_view v;

	TRY(runs_show(c->mem, l, run, &v));
	if (c->output == CMD_TABLE) {
		mark_covered(v.run);
		v.run = people_list(c, v.run, RUN_COLUMNS);
		v.tasks = people_rows(c, v.tasks, "task attempt state duration_ms peak_kib error");
		v.steps = people_rows(c, v.steps, STEP_COLUMNS);
		v.events = people_rows(c, v.events, "at level message");
	}
	struct cmd_table tables[] = {
		{ "run", NULL, v.run },
		{ "tasks", NULL, v.tasks },
		{ "steps", NULL, v.steps },
		{ "events", NULL, v.events },
	};
	return cmd_print(c, "runs-show", tables, v.events->n || c->output == CMD_JSON ? 4 : 3);
}

static struct err *
run_runs(struct cmd *c)
{
	struct ledger *l;
	long long run = 0;
	const char *at;

	if (c->argc && strcmp(c->argv[0], "show"))
		return err_hint(err_new(ERR_USAGE, "'runs' does not know what '%s' is", c->argv[0]),
				"write 'bikeops runs show RUN', or nothing for the list");
	if (c->argc == 1)
		return err_hint(err_new(ERR_USAGE, "'runs show' needs RUN"),
				"'bikeops runs' lists them");
	if (c->argc)
		TRY(cmd_run_id(c->argv[1], &run));
	TRY(cmd_moment(c, &at));
	TRY(ledger_open_read(c->mem, c->settings, &l));
	if (at)
		TRY(ledger_at(l, at));
	return c->argc ? show(c, l, run) : list(c, l);
}

static const struct option options[] = {
	{ "limit", "N", "list so many of them (20)" },
	{ "at", "TIME",
	  "as the ledger knows it of that moment: HH:MM[:SS], or 2026-07-15T03:12:00Z" },
	{ NULL, NULL, NULL },
};

const struct command cmd_runs = {
	.name = "runs",
	.args = "[show RUN] [--at TIME]",
	.summary = "List the runs, or show one with its tasks and steps",
	.help = "List the runs, newest first: what each was, how it ended, how many rows it read "
		"and\nchanged, and the batch k that it published.  With 'show RUN' one run: its "
		"tasks, steps and\nevents, and where its objects are.  A run whose worker is gone is "
		"'dead'.  A failed run is\n'covered' once a later run of the same pipeline was good: "
		"that one took its rows.",
	.words = "show",
	.max_args = 2,
	.options = options,
	.run = run_runs,
};
