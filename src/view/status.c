#include "view/status.h"

#include "base/mem.h"
#include "ledger/ledger.h"
#include "local/env.h"
#include "run/run.h"
#include "view/runs.h"

#include <string.h>

#define STATUS_RUNS 100 /* the run at work and the last one are among so many */

/* The embedded stack, where it is what this profile speaks to. */
static void
status_stack(void *mem, const struct settings *settings, struct status *s)
{
	const char *origin = settings_origin(settings, "ledger_dsn");
	struct local_env *env;

	s->profile = settings_profile(settings);
	if (strcmp(s->profile, "local") ||
	    (*settings_get(settings, "ledger_dsn") && strcmp(origin, "embedded stack")))
		return;
	struct err *e = local_env_read(mem, NULL, &env);
	s->stack = e ? "none" : env->up ? "up" : "down";
	s->home = e ? NULL : env->home;
	err_free(e);
}

static bool
status_is(const struct rows *r, size_t row, const char *name, const char *value)
{
	return !strcmp(rows_get(r, row, name), value);
}

/* One row of r, or none, as a table of its own. */
static struct rows *
status_row(void *mem, const struct rows *r, size_t row)
{
	struct rows *out = rows_new(mem, r->n_cols);

	for (size_t c = 0; c < r->n_cols; c++)
		rows_column(out, c, r->names[c], r->types[c]);
	if (row < r->n)
		rows_add(out, &r->cells[row * r->n_cols]);
	return out;
}

/* The run at work: a dead one only where no later run took what it left. */
static size_t
status_now(const struct rows *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (status_is(r, i, "state", "running") || status_is(r, i, "state", "queued"))
			return i;
	}
	for (size_t i = 0; i < r->n; i++) {
		if (status_is(r, i, "state", "dead") && !run_is_covered(r, i))
			return i;
	}
	return r->n;
}

/* One that another's lease refused did nothing that could be the last word. */
static size_t
status_last(const struct rows *r)
{
	size_t i = 0;

	while (i < r->n &&
	       (!rows_get(r, i, "ended_at") || !strcmp(rows_get(r, i, "state"), "refused")))
		i++;
	return i;
}

static const char *
status_next(void *mem, const struct status *s)
{
	if (s->now->n && status_is(s->now, 0, "pipeline", "setup") && !strcmp(s->state, "dead"))
		return "bikeops setup";
	if (s->now->n && !strcmp(s->state, "dead"))
		return mem_printf(mem, "bikeops run resume %s", rows_get(s->now, 0, "run"));
	if (s->now->n)
		return "bikeops logs --follow";
	if (!s->last->n ||
	    (status_is(s->last, 0, "pipeline", "setup") && !status_is(s->last, 0, "state", "ok")))
		return "bikeops setup";
	if (status_is(s->last, 0, "pipeline", "setup"))
		return "bikeops run full";
	/* A hint says better what to do about a failure. */
	return status_is(s->last, 0, "state", "ok") || rows_get(s->last, 0, "hint")
		       ? NULL
		       : "bikeops run incremental";
}

static struct err *
status_runs(void *mem, struct ledger *l, const char *warehouse, struct status *s)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r;

	TRY(runs_list(tmp, l, warehouse, STATUS_RUNS, &r));
	s->now = status_row(mem, r, status_now(r));
	s->last = status_row(mem, r, status_last(r));
	const char *run = s->now->n ? rows_get(s->now, 0, "run") : "0";
	TRY(ledger_read(mem, l, "tasks", &run, 1, &s->tasks));
	TRY(ledger_read(mem, l, "steps", &run, 1, &s->steps));
	TRY(ledger_read(mem, l, "behind", &warehouse, 1, &s->behind));
	s->state = s->now->n ? rows_get(s->now, 0, "state") : r->n ? "idle" : "empty";
	s->next = status_next(mem, s);
	return NULL;
}

/* Nothing was ever set up: no error, but what the first command is for. */
static bool
status_is_empty(const struct status *s, const struct err *e)
{
	return e->code == ERR_CONFIG || (s->stack && !strcmp(s->stack, "none"));
}

static void
status_nothing(struct status *out, struct err *e)
{
	bool up = !out->stack || !strcmp(out->stack, "up");
	out->state = status_is_empty(out, e) ? "empty" : "unreachable";
	out->next = !up				   ? "bikeops local up"
		    : !strcmp(out->state, "empty") ? "bikeops setup"
						   : NULL;
	if (!strcmp(out->state, "empty"))
		err_free(e);
	else
		out->unreached = e;
}

struct err *
status_read(void *mem, const struct settings *settings, struct ledger *l, struct err *why,
	    struct status *out)
{
	AUTO_MEM void *tmp = mem_root();

	*out = (struct status){ 0 };
	status_stack(mem, settings, out);
	if (l)
		return status_runs(mem, l, run_warehouse_name(tmp, settings), out);
	status_nothing(out, why);
	return NULL;
}

struct err *
status_fetch(void *mem, const struct settings *settings, const char *at, struct status *out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *dsn;
	struct ledger *l;

	*out = (struct status){ 0 };
	status_stack(mem, settings, out);
	if (!out->stack)
		TRY(settings_need(settings, "ledger_dsn", &dsn));
	struct err *e = ledger_open_read(tmp, settings, &l);
	if (!e && at)
		TRY(ledger_at(l, at));
	if (!e)
		e = status_runs(mem, l, run_warehouse_name(tmp, settings), out);
	if (e)
		status_nothing(out, e);
	return NULL;
}
