#include "base/mem.h"
#include "run/cost.h"
#include "run/heart.h"
#include "run/run.h"

/* An undo has three of a load's tasks, by the same names: they fill the same boxes. */

static struct err *
undo_k(struct run *run)
{
	return ledger_run_set(run->ledger, run->id, "k",
			      mem_printf(run, "%lld", run->undo->now_k + 1));
}

/* The journal must be kept from there on before the watermark goes back. */
static struct err *
undo_claim(struct run *run)
{
	struct source *source;

	if (!run->undo->back.s)
		return NULL; /* before the first batch: the next load is a full one */
	TRY(run_source(run, &source));
	return source_consumed(source, run->warehouse_name, &run->undo->back);
}

static struct err *
undo_open(struct run *run)
{
	struct warehouse *w;

	run->undo = mem_new(run, struct undo);
	TRY(run_warehouse(run, &w));
	TRY(warehouse_undo_find(run, w, run->request.undo, run->id, run->undo));
	run->published = run->undo->done;
	if (run->published) { /* its forerunner died before it could tell */
		TRY(undo_k(run));
		return run_note(run, "batch %lld was already taken back", run->undo->k);
	}
	TRY(undo_claim(run));
	return run_note(run, "takes back batch %lld of run %lld: the next run loads it again",
			run->undo->k, run->undo->run);
}

static bool
undo_due(const struct run *run)
{
	return !run->published;
}

static struct err *
undo_publish(struct run *run)
{
	struct warehouse *w;

	TRY(run_warehouse(run, &w));
	TRY(warehouse_undo(w, run->undo, run->id, heart_progress(run->heart)));
	return undo_k(run);
}

/* Serving is counted: what a run before counted is no longer there. */
static struct err *
undo_tell(struct run *run)
{
	AUTO_MEM void *tmp = mem_root();
	struct warehouse *w;
	struct rows *rows;

	TRY(run_warehouse(run, &w));
	TRY(warehouse_books(tmp, w, run->undo->k - 1, &rows));
	TRY(ledger_books_put(run->ledger, run->warehouse_name, rows));
	TRY(warehouse_counts(tmp, w, &rows));
	cost_workgroup(run);
	return ledger_layer_put(run->ledger, run->id, "serving", rows);
}

static const struct task task_undo_open = {
	.name = "open_window",
	.tries = 3,
	.work = undo_open,
};

static const struct task task_undo_publish = {
	.name = "publish",
	.tries = 3,
	.due = undo_due,
	.work = undo_publish,
};

static const struct task task_undo_tell = {
	.name = "clear_staging",
	.tries = 3,
	.work = undo_tell,
};

const struct task *const undo_tasks[] = { &task_undo_open, &task_undo_publish, &task_undo_tell,
					  NULL };
