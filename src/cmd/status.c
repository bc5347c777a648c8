#include "view/status.h"
#include "base/mem.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "cmd/people.h"
#include "view/runs.h"

#include <string.h>

static const char *
cell(const struct rows *r, const char *name)
{
	return rows_get(r, 0, name);
}

static char *
lasted(void *mem, const struct rows *run)
{
	return time_duration(mem, rows_int(run, 0, "duration_ms"));
}

/* The task that runs, or ran when the worker died; NULL where none did yet. */
static const char *
task_at_work(const struct rows *tasks)
{
	for (size_t i = tasks->n; i-- > 0;) {
		if (!strcmp(rows_get(tasks, i, "state"), "running"))
			return rows_get(tasks, i, "task");
	}
	return NULL;
}

static char *
work_text(void *mem, const struct rows *run, const char *task)
{
	const char *state = cell(run, "state");
	char *text = mem_printf(mem, "run %s %s %s", cell(run, "run"), cell(run, "mode"), state);

	if (!strcmp(state, "queued"))
		return mem_printf(mem, "%s, asked for %s", text,
				  people_ago(mem, cell(run, "created_at")));
	text = mem_printf(mem, "%s%s%s", text, task ? " in " : "", task ? task : "");
	if (strcmp(state, "dead"))
		return mem_printf(mem, "%s for %s", text, lasted(mem, run));
	const char *beat = cell(run, "heartbeat_at");
	return mem_printf(mem, "%s: %s", text,
			  run_died(mem, run, 0, beat ? people_ago(mem, beat) : NULL));
}

static char *
step_text(void *mem, const struct rows *steps, size_t i)
{
	const char *total = rows_get(steps, i, "total"), *left = rows_get(steps, i, "left_ms");
	char *text =
		mem_printf(mem, "%s  %s", rows_get(steps, i, "step"), rows_get(steps, i, "rows"));

	text = mem_printf(mem, "%s%s%s rows", text, total ? " of " : "", total ? total : "");
	if (rows_int(steps, i, "rows_per_s") > 0)
		text = mem_printf(mem, "%s, %s/s", text, rows_get(steps, i, "rows_per_s"));
	if (!left)
		return text;
	return mem_printf(mem, "%s, %s left", text,
			  time_duration(mem, rows_int(steps, i, "left_ms")));
}

static char *
last_text(void *mem, const struct rows *run)
{
	char *text = mem_printf(mem, "run %s %s %s %s", cell(run, "run"), cell(run, "mode"),
				cell(run, "state"), people_ago(mem, cell(run, "ended_at")));

	if (cell(run, "started_at"))
		text = mem_printf(mem, "%s, took %s", text, lasted(mem, run));
	if (cell(run, "k"))
		text = mem_printf(mem, "%s, batch %s", text, cell(run, "k"));
	if (cell(run, "rows"))
		text = mem_printf(mem, "%s, %s rows read", text, cell(run, "rows"));
	if (cell(run, "changed"))
		text = mem_printf(mem, "%s, %s changed", text, cell(run, "changed"));
	return text;
}

static char *
behind_text(void *mem, const struct rows *behind)
{
	const char *ago = people_ago(mem, cell(behind, "since_at"));

	if (rows_int(behind, 0, "runs") == 1)
		return mem_printf(mem, "run %s, asked for %s, brought nothing and no run has since",
				  cell(behind, "newest"), ago);
	return mem_printf(
		mem, "%s runs since run %s, asked for %s, brought nothing and no run has since",
		cell(behind, "runs"), cell(behind, "oldest"), ago);
}

static void
text_ledger(void *mem, const struct status *s, struct rows **list)
{
	people_add(mem, list, "now",
		   s->now->n ? work_text(mem, s->now, task_at_work(s->tasks)) : "no run");
	bool dead = !strcmp(s->state, "dead");
	if (dead)
		people_add(mem, list, "cure", cell(s->now, "hint"));
	for (size_t i = 0; i < s->steps->n; i++) {
		if (!dead && !strcmp(rows_get(s->steps, i, "state"), "running"))
			people_add(mem, list, "step", step_text(mem, s->steps, i));
	}
	if (s->last->n) {
		people_add(mem, list, "last", last_text(mem, s->last));
		if (cell(s->last, "note"))
			people_add(mem, list, "note", cell(s->last, "note"));
		if (cell(s->last, "error"))
			people_add(mem, list, "why", cell(s->last, "error"));
		if (cell(s->last, "hint"))
			people_add(mem, list, "cure", cell(s->last, "hint"));
	}
	if (s->behind->n)
		people_add(mem, list, "behind", behind_text(mem, s->behind));
}

static struct rows *
text_rows(void *mem, const struct status *s)
{
	struct rows *list = NULL;

	people_add(mem, &list, "profile", s->profile);
	if (s->home)
		people_add(mem, &list, "stack", mem_printf(mem, "%s in '%s'", s->stack, s->home));
	else if (s->stack)
		people_add(mem, &list, "stack", s->stack);
	if (s->now)
		text_ledger(mem, s, &list);
	else if (s->unreached)
		people_add(mem, &list, "ledger", "cannot be reached");
	else
		people_add(mem, &list, "ledger", "nothing is set up yet");
	if (s->next)
		people_add(mem, &list, "next", mem_printf(mem, "'%s'", s->next));
	return list;
}

static struct rows *
head_rows(void *mem, const struct status *s)
{
	static const char *const names[] = { "profile", "stack", "home", "state", "next" };
	const char *cells[] = { s->profile, s->stack, s->home, s->state, s->next };
	struct rows *r = rows_new(mem, 5);

	for (size_t i = 0; i < 5; i++)
		rows_column(r, i, names[i], ROWS_TEXT);
	rows_add(r, cells);
	return r;
}

static struct err *
run_status(struct cmd *c)
{
	struct status s;
	struct rows *none = rows_new(c->mem, 1);
	const char *at;
	struct err *e;

	TRY(cmd_moment(c, &at));
	TRY(status_fetch(c->mem, c->settings, at, &s));
	if (c->output == CMD_TABLE) {
		struct cmd_table text = { "status", NULL, text_rows(c->mem, &s) };
		e = cmd_print(c, "status", &text, 1);
	} else {
		struct cmd_table tables[] = {
			{ "status", NULL, head_rows(c->mem, &s) },
			{ "now", NULL, s.now ? s.now : none },
			{ "last", NULL, s.last ? s.last : none },
			{ "tasks", NULL, s.tasks ? s.tasks : none },
			{ "steps", NULL, s.steps ? s.steps : none },
			{ "behind", NULL, s.behind ? s.behind : none },
		};
		e = cmd_print(c, "status", tables, 6);
	}
	return err_first(e, s.unreached);
}

static const struct option options[] = {
	{ "at", "TIME",
	  "as the ledger knows it of that moment: HH:MM[:SS], or 2026-07-15T03:12:00Z" },
	{ NULL, NULL, NULL },
};

const struct command cmd_status = {
	.name = "status",
	.args = "[--at TIME]",
	.summary = "Tell how it stands: the run at work, the last one, what is behind",
	.help = "Tell how it stands, from the ledger and this host alone: also when source and "
		"warehouse are\ndown.  Ends with 3 where the ledger cannot be reached, with 0 where "
		"nothing is set up yet.",
	.options = options,
	.run = run_status,
};
