#include "run/runner.h"

#include "base/cancel.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "run/cost.h"
#include "run/heart.h"
#include "run/joblog.h"
#include "run/peak.h"

#include <stdlib.h>

static long long
steps_rows(const struct ledger_step *steps, size_t n)
{
	long long rows = 0;

	for (size_t i = 0; i < n; i++)
		rows += steps[i].rows;
	return rows;
}

static const char *
end_state(const struct err *e)
{
	return !e ? "ok" : e->code == ERR_CANCELLED ? "cancelled" : "failed";
}

/* Write how the attempt went; takes e and gives it back. */
static struct err *
attempt_end(struct run *run, const struct task *task, long long ms, struct err *e)
{
	AUTO_MEM void *tmp = mem_root();
	struct ledger_step *steps;
	struct err *written;
	size_t n;

	heart_steps(tmp, run->heart, e != NULL, &steps, &n);
	log_line(!e			    ? LOG_INFO
		 : e->code == ERR_CANCELLED ? LOG_WARN
					    : LOG_ERROR,
		 "%-16s %-9s %8s  %lld rows", task->name, end_state(e), time_duration(tmp, ms),
		 steps_rows(steps, n));
	if (e)
		log_file(LOG_ERROR, err_text(tmp, e));
	written = run_ledger_ready(run);
	written = err_first(written, ledger_steps(run->ledger, run->id, run->attempt, steps, n));
	written = err_first(written, ledger_task_end(run->ledger, run->id, task->name, run->attempt,
						     end_state(e), peak_kib(), e));
	return err_first(e, written);
}

static struct err *
attempt(struct run *run, const struct task *task, int ordinal)
{
	AUTO_MEM struct joblog *log = NULL;
	long long start = time_tick_ms();

	heart_task(run->heart, task->name, run->attempt);
	TRY(ledger_task_begin(run->ledger, run->id, task->name, run->attempt, ordinal));
	peak_reset();
	struct err *e = joblog_open(NULL, run, task->name, &log);
	if (!e) {
		e = task->work(run);
		cost_busy(run);
	}
	return attempt_end(run, task, time_tick_ms() - start, e);
}

/* A key or a watermark that is another's stays so; only the server's own conflicts pass. */
static bool
worth_retry(const struct err *e)
{
	return err_may_retry(e->code) && (e->code != ERR_CONFLICT || err_remote_of(e)) &&
	       !cancel_requested();
}

static void
back_off(const struct err *e, const struct task *task, int tried)
{
	AUTO_MEM void *tmp = mem_root();
	int ms = (500 << (2 * tried)) + (int)(time_now_us() % 250);

	log_warn("%s is tried again in %s: %s", task->name, time_duration(tmp, ms),
		 err_text(tmp, e));
	time_sleep_ms(ms);
}

static struct err *
begin_again(struct run *run)
{
	run_drop_parts(run);
	TRY(run_ledger_ready(run));
	return ledger_run_begin(run->ledger, run->id, &run->attempt);
}

static struct err *
do_task(struct run *run, const struct task *task, int ordinal)
{
	struct err *e = attempt(run, task, ordinal);

	for (int tried = 0; e && tried + 1 < task->tries && worth_retry(e); tried++) {
		back_off(e, task, tried);
		struct err *lost = begin_again(run);
		if (lost) {
			e = err_first(e, lost);
			break;
		}
		err_free(e);
		e = attempt(run, task, ordinal);
	}
	return e ? err_wrap(e, "%s failed", task->name) : NULL;
}

struct err *
runner_run(struct run *run, const struct task *const *tasks)
{
	for (int i = 0; tasks[i]; i++) {
		TRY(cancel_check());
		if (!run->nothing && (!tasks[i]->due || tasks[i]->due(run)))
			TRY(do_task(run, tasks[i], i));
	}
	return NULL;
}
