#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "cmd/preview.h"
#include "ops/cancel.h"
#include "ops/start.h"
#include "ops/undo.h"
#include "run/worker.h"
#include "view/plan.h"
#include "view/run_result.h"
#include "view/undo.h"

#include <string.h>

static const struct option options[] = {
	{ "from", "DATE", "backfill: first order date, YYYY-MM-DD" },
	{ "to", "DATE", "backfill: last order date" },
	{ "engine", "ENGINE", "what transforms: auto, duckdb or emr, in place of the setting" },
	{ "dry-run", NULL, "show the window and the rows, load nothing" },
	{ "detach", NULL, "leave it to a worker that outlives this session" },
	{ "no-full", NULL, "refuse what must become a full load" },
	{ NULL, NULL, NULL },
};

static struct err *
check_day(const struct cmd *c, const char *name)
{
	const char *day = cmd_option(c, name);

	if (!day)
		return err_new(ERR_USAGE, "'run backfill' needs --from and --to");
	if (!time_is_day(day))
		return err_hint(err_new(ERR_USAGE, "bad value '%s' of '--%s'", day, name),
				"write a day as YYYY-MM-DD");
	return NULL;
}

static struct err *
check_range(const struct cmd *c)
{
	if (strcmp(c->argv[0], "backfill")) {
		if (cmd_option(c, "from") || cmd_option(c, "to"))
			return err_new(ERR_USAGE, "--from and --to go with 'run backfill'");
		return NULL;
	}
	TRY(check_day(c, "from"));
	TRY(check_day(c, "to"));
	if (strcmp(cmd_option(c, "from"), cmd_option(c, "to")) > 0)
		return err_new(ERR_USAGE, "--from '%s' is after --to '%s'", cmd_option(c, "from"),
			       cmd_option(c, "to"));
	return NULL;
}

/* What it lacks is said before there is a run. */
static struct err *
check_engine(const struct cmd *c)
{
	static const char *const engines[] = { "auto", "duckdb", "emr" };
	const char *engine = cmd_option(c, "engine");
	const struct engine_wish wish = run_engine_wish(c->settings, engine);
	enum engine_kind kind;
	bool known = !engine;

	for (size_t i = 0; i < 3; i++)
		known |= engine && !strcmp(engine, engines[i]);
	if (!known)
		return err_hint(err_new(ERR_USAGE, "bad value '%s' of '--engine'", engine),
				"say auto, duckdb or emr");
	return engine_choose(&wish, 0, &kind);
}

static struct err *
print_result(struct cmd *c, long long id)
{
	struct rows *run, *tables;

	TRY(run_result_fetch(c->mem, c->settings, id, &run, &tables));
	struct cmd_table list[] = { { "run", NULL, run }, { "tables", NULL, tables } };
	return cmd_print(c, "run", list, tables->n ? 2 : 1);
}

static struct err *
do_run(struct cmd *c, long long id)
{
	if (cmd_flag(c, "detach")) {
		TRY(start_worker(c->settings, cmd_option(c, "config"), id));
		log_info("run %lld goes on by itself; 'bikeops logs %lld --follow' shows it", id,
			 id);
	} else {
		TRY(worker_run(c->settings, id));
	}
	return print_result(c, id);
}

static struct err *
dry_run(struct cmd *c)
{
	enum batch_mode mode = !strcmp(c->argv[0], "full")	 ? BATCH_FULL
			       : !strcmp(c->argv[0], "backfill") ? BATCH_BACKFILL
								 : BATCH_INCREMENTAL;
	struct plan plan;

	const struct engine_wish wish = run_engine_wish(c->settings, cmd_option(c, "engine"));
	TRY(plan_fetch(c->mem, c->settings, &wish, mode, cmd_option(c, "from"), cmd_option(c, "to"),
		       &plan));
	bool text = c->output == CMD_TABLE;
	struct cmd_table list[] = {
		{ "window", NULL, text ? preview_window(c->mem, plan.window) : plan.window },
		{ "rows", NULL, text ? preview_rows(c->mem, plan.rows) : plan.rows },
	};
	return cmd_print(c, "plan", list, 2);
}

static struct err *
run_new(struct cmd *c)
{
	struct run_request request = {
		.mode = c->argv[0],
		.from = cmd_option(c, "from"),
		.to = cmd_option(c, "to"),
		.no_full = cmd_flag(c, "no-full"),
		.engine = cmd_option(c, "engine"),
	};
	long long id;

	if (c->argc > 1)
		return err_new(ERR_USAGE, "'run %s' does not know what '%s' is", c->argv[0],
			       c->argv[1]);
	TRY(check_range(c));
	TRY(check_engine(c));
	if (cmd_flag(c, "dry-run"))
		return dry_run(c);
	TRY(start_new(c->settings, &request, &id));
	return do_run(c, id);
}

static struct err *
run_cancel(struct cmd *c, long long id)
{
	const char *ended;

	TRY(cancel_run(c->mem, c->settings, id, &ended));
	if (ended)
		log_info("%s", ended);
	else
		log_info("run %lld was asked to end", id);
	return NULL;
}

static struct err *
dry_undo(struct cmd *c, long long undo)
{
	bool text = c->output == CMD_TABLE;
	struct undo_view v;

	TRY(undo_fetch(c->mem, c->settings, undo, &v));
	const struct plan *next = &v.next;
	struct cmd_table list[] = {
		{ "undo", NULL, text ? preview_undo(c->mem, v.undo) : v.undo },
		{ "tables", "rows that the batch added go, others come back as they were",
		  text ? preview_tables(c->mem, v.tables) : v.tables },
		{ "window", "what the next incremental load will take",
		  text ? preview_window(c->mem, next->window) : next->window },
		{ "rows", NULL, text ? preview_rows(c->mem, next->rows) : next->rows },
	};

	return cmd_print(c, "undo", list, 4);
}

static struct err *
run_undo(struct cmd *c, long long undo)
{
	long long id;

	if (cmd_flag(c, "dry-run"))
		return dry_undo(c, undo);
	TRY(undo_new(c->settings, undo, &id));
	return do_run(c, id);
}

/* What a run was asked for stays; only an undo can be shown before. */
static struct err *
check_old(const struct cmd *c)
{
	static const char *const names[] = { "from", "to", "engine", "no-full", "dry-run" };
	size_t n = strcmp(c->argv[0], "undo") ? 5 : 4;

	for (size_t i = 0; i < n; i++) {
		if (cmd_flag(c, names[i]))
			return err_new(ERR_USAGE, "--%s does not go with 'run %s'", names[i],
				       c->argv[0]);
	}
	return NULL;
}

static struct err *
run_old(struct cmd *c)
{
	long long id;

	TRY(check_old(c));
	if (c->argc != 2)
		return err_hint(err_new(ERR_USAGE, "'run %s' needs a run", c->argv[0]),
				"give its number; 'bikeops runs' lists them");
	TRY(cmd_run_id(c->argv[1], &id));
	if (!strcmp(c->argv[0], "cancel"))
		return run_cancel(c, id);
	if (!strcmp(c->argv[0], "undo"))
		return run_undo(c, id);
	TRY(start_again(c->settings, id));
	return do_run(c, id);
}

static struct err *
run_run(struct cmd *c)
{
	static const char *const modes[] = { "full", "incremental", "backfill" };
	const char *word = c->argv[0];

	for (size_t i = 0; i < 3; i++) {
		if (!strcmp(word, modes[i]))
			return run_new(c);
	}
	if (!strcmp(word, "resume") || !strcmp(word, "cancel") || !strcmp(word, "undo"))
		return run_old(c);
	return err_hint(err_new(ERR_USAGE, "'run' does not know what '%s' is", word),
			"say full, incremental, backfill, resume, cancel or undo");
}

const struct command cmd_run = {
	.name = "run",
	.args = "full|incremental|backfill|resume RUN|cancel RUN|undo RUN",
	.summary = "Load what changed, or everything",
	.help = "full         read every row; history in the warehouse stays\n"
		"incremental  load what was committed since the last batch, each change once;\n"
		"             a full load before anything was published\n"
		"backfill     load the orders of a range of order dates again, and what changed\n"
		"resume RUN   go on with a failed run: after its manifest with the same rows,\n"
		"             before it in a new snapshot\n"
		"cancel RUN   ask a run to end; nothing of it is published, or all\n"
		"undo RUN     take back the newest batch: the tables are as they were before it, and\n"
		"             the next run loads again everything since",
	.words = "full incremental backfill resume cancel undo",
	.min_args = 1,
	.max_args = 2,
	.flags = CMD_WRITES,
	.options = options,
	.run = run_run,
};
