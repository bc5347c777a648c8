#include "view/runs.h"

#include "base/alive.h"
#include "base/mem.h"

#include <string.h>
#include <unistd.h>

#define QUEUED_MAX_S 60 /* a worker begins within this, or never */

const char *
run_state(const char *state, bool here, bool alive, bool leased, long long age_s)
{
	bool queued = !strcmp(state, "queued");

	if (!queued && strcmp(state, "running"))
		return state;
	if (here)
		return alive ? state : "dead";
	return leased || (queued && age_s <= QUEUED_MAX_S) ? state : "dead";
}

bool
run_is_bad(const struct rows *runs, size_t i)
{
	static const char *const states[] = { "failed", "dead", "cancelled" };

	for (size_t k = 0; k < sizeof(states) / sizeof(states[0]); k++) {
		if (!strcmp(rows_get(runs, i, "state"), states[k]))
			return true;
	}
	return false;
}

bool
run_is_covered(const struct rows *runs, size_t i)
{
	return run_is_bad(runs, i) && rows_bool(runs, i, "covered");
}

char *
run_died(void *mem, const struct rows *runs, size_t i, const char *beat)
{
	if (!rows_get(runs, i, "started_at"))
		return mem_strdup(mem, "no worker ever began it");
	return mem_printf(mem, "the worker died: pid %s on %s%s%s", rows_get(runs, i, "pid"),
			  rows_get(runs, i, "host"), beat ? ", last heartbeat " : "",
			  beat ? beat : "");
}

static void
runs_mend_row(struct rows *r, size_t i, const char *here)
{
	const char *host = rows_get(r, i, "host");
	bool alive = process_alive((int)rows_int(r, i, "pid"), rows_int(r, i, "pid_start"));
	const char *state = run_state(rows_get(r, i, "state"), !strcmp(host, here), alive,
				      rows_bool(r, i, "leased"), rows_int(r, i, "age_s"));

	if (strcmp(state, "dead"))
		return;
	rows_set(r, i, "state", state);
	rows_set(r, i, "error", run_died(r, r, i, rows_get(r, i, "heartbeat_at")));
	if (!strcmp(rows_get(r, i, "pipeline"), "setup"))
		rows_set(r, i, "hint", "its worker is gone: 'bikeops setup' makes what is missing");
	else
		rows_set(r, i, "hint",
			 mem_printf(r,
				    "its worker is gone: 'bikeops run resume %s' goes on where it "
				    "stood; any other run reads its rows again, none is lost",
				    rows_get(r, i, "run")));
}

static void
runs_mend(struct rows *r)
{
	char here[256] = "localhost";

	gethostname(here, sizeof(here) - 1);
	for (size_t i = 0; i < r->n; i++) {
		if (!rows_get(r, i, "ended_at"))
			runs_mend_row(r, i, here);
	}
}

static struct err *
runs_read(void *mem, struct ledger *l, const char *run, long long limit, const char *warehouse,
	  struct rows **out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *params[] = { run, mem_printf(tmp, "%lld", limit), warehouse };

	TRY(ledger_read(mem, l, "runs", params, 3, out));
	if (!ledger_is_past(l)) /* who lived then is not known */
		runs_mend(*out);
	return NULL;
}

static struct err *
runs_one(void *mem, struct ledger *l, const char *run, struct rows **out)
{
	TRY(runs_read(mem, l, run, 1, NULL, out));
	if (!(*out)->n)
		return err_hint(err_new(ERR_NOTFOUND, "there is no run %s", run),
				"'bikeops runs' lists them");
	return NULL;
}

struct err *
runs_list(void *mem, struct ledger *l, const char *warehouse, long long limit, struct rows **out)
{
	return runs_read(mem, l, NULL, limit, warehouse, out);
}

struct err *
runs_show(void *mem, struct ledger *l, long long run, struct run_view *out)
{
	const char *id = mem_printf(mem, "%lld", run);

	TRY(runs_one(mem, l, id, &out->run));
	TRY(ledger_read(mem, l, "tasks", &id, 1, &out->tasks));
	TRY(ledger_read(mem, l, "steps", &id, 1, &out->steps));
	return ledger_read(mem, l, "events", &id, 1, &out->events);
}

struct err *
runs_open(struct ledger *l, long long run, bool *open)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r;

	TRY(runs_one(tmp, l, mem_printf(tmp, "%lld", run), &r));
	const char *state = rows_get(r, 0, "state");
	*open = !strcmp(state, "queued") || !strcmp(state, "running");
	return NULL;
}

struct err *
runs_airflow(void *mem, struct ledger *l, long long run, const char **out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *id = mem_printf(tmp, "%lld", run);
	struct rows *r;

	TRY(ledger_read(mem, l, "run_airflow", &id, 1, &r));
	*out = r->n ? rows_get(r, 0, "airflow") : NULL;
	return NULL;
}
