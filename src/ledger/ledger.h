/*
 * The ledger: runs, tasks, steps, books, layers, events and the lease, in a
 * database of its own.  The only code that speaks to it.
 */
#ifndef BIKEOPS_LEDGER_LEDGER_H
#define BIKEOPS_LEDGER_LEDGER_H

#include "base/err.h"
#include "base/rows.h"
#include "base/settings.h"
#include "pipeline/price.h"

#include <stdbool.h>

struct ledger; /* opaque; one thread at a time */

/*
 * Connect and bring the schema up to date.
 * deaf  go on after a cancel: for writing how a run ended
 */
struct err *ledger_open(void *mem, const struct settings *settings, bool deaf, struct ledger **out)
	MUST_CHECK;
/* False: its session is lost, and another must be opened. */
bool ledger_answers(struct ledger *l);
/* Connect for reading; ERR_CONFIG where nothing was ever set up. */
struct err *ledger_open_read(void *mem, const struct settings *settings, struct ledger **out)
	MUST_CHECK;
/* Likewise, to look at it for long: it tells when something changes. */
struct err *ledger_open_watch(void *mem, const struct settings *settings, struct ledger **out)
	MUST_CHECK;
/* Until something changed, wake_fd is readable, or so long; *told: it changed. */
struct err *ledger_wait(struct ledger *l, int wake_fd, int ms, bool *told) MUST_CHECK;
/* First 6 hex digits of the installation's uuid: part of every object's key. */
struct err *ledger_mark(void *mem, struct ledger *l, char **hex) MUST_CHECK;

/* --- runs --- */
struct ledger_run {
	long long id;
	const char *pipeline;  /* "setup", "pipeline" */
	const char *mode;      /* "setup", "full", "incremental", "backfill", "undo" */
	const char *warehouse; /* settings' warehouse, without password */
	const char *options;   /* JSON text */
	const char *state;
	const char *prefix;   /* or NULL */
	const char *manifest; /* or NULL */
	const char *engine;   /* "duckdb", "emr", or NULL: not chosen yet */
	int attempt;
};
struct err *ledger_run_new(struct ledger *l, const char *pipeline, const char *mode,
			   const char *warehouse, const char *options, long long *id) MUST_CHECK;
/* ERR_NOTFOUND. */
struct err *ledger_run_get(void *mem, struct ledger *l, long long id, struct ledger_run **out)
	MUST_CHECK;
/* This process works on it now: attempt + 1.  Was its end asked for already, it is cancelled. */
struct err *ledger_run_begin(struct ledger *l, long long id, int *attempt) MUST_CHECK;
/* Set one column of those that a run learns on its way: mode, prefix, manifest, k, note, engine. */
struct err *ledger_run_set(struct ledger *l, long long id, const char *column, const char *value)
	MUST_CHECK;
/* state ok, failed or cancelled; e NULL where ok. Gives the lease back. */
struct err *ledger_run_end(struct ledger *l, long long id, const char *state, const struct err *e)
	MUST_CHECK;
/* Ask its worker to end; where that is dead the run ends here.  ERR_REFUSED: it does not run. */
struct err *ledger_cancel(struct ledger *l, long long id, bool *dead) MUST_CHECK;
/* Has it the lease and its window?  The run's own error where it failed. */
struct err *ledger_run_opened(struct ledger *l, long long id, bool *opened) MUST_CHECK;

/* --- the right to run --- */
/* What dead processes had left open ends here.  ERR_LOCKED names who holds it and how long. */
struct err *ledger_lease(struct ledger *l, const char *warehouse, long long run) MUST_CHECK;
/* Renew, and tell whether somebody asked for the end. */
struct err *ledger_beat(struct ledger *l, long long run, bool *cancel) MUST_CHECK;

/* --- tasks and steps --- */
struct ledger_step {
	const char *name;
	int ordinal;
	const char *state; /* running, ok, failed */
	long long rows, bytes;
	long long total;		/* -1: not known */
	long long started_us, ended_us; /* ended 0: not yet */
	const char *note;		/* what it waits for, or NULL */
};
struct err *ledger_task_begin(struct ledger *l, long long run, const char *task, int attempt,
			      int ordinal) MUST_CHECK;
struct err *ledger_task_end(struct ledger *l, long long run, const char *task, int attempt,
			    const char *state, long long peak_kib, const struct err *e) MUST_CHECK;
/* Write steps as they stand now. */
struct err *ledger_steps(struct ledger *l, long long run, int attempt,
			 const struct ledger_step *steps, size_t n) MUST_CHECK;

/* --- what runs have on EMR --- */
struct ledger_spark {
	long long run;
	const char *prefix;	 /* of the run; not written */
	const char *application; /* name of one of its own, or NULL */
	const char *job, *state; /* the newest; NULL: not known */
	bool open;		 /* the job may go on, or the application be there */
};
struct err *ledger_spark_put(struct ledger *l, const struct ledger_spark *s) MUST_CHECK;
/* [n] that are open, of runs on that warehouse; without their states. */
struct err *ledger_spark_open(void *mem, struct ledger *l, const char *warehouse,
			      struct ledger_spark **list, size_t *n) MUST_CHECK;

/* --- numbers --- */
/* rows: k, run, tbl, what, n. */
struct err *ledger_books_put(struct ledger *l, const char *warehouse, const struct rows *books)
	MUST_CHECK;
/* Has it the books of that run? */
struct err *ledger_books_have(struct ledger *l, const char *warehouse, long long run, bool *have)
	MUST_CHECK;
/* rows: entity, rows and, where there, revenue and units. */
struct err *ledger_layer_put(struct ledger *l, long long run, const char *layer,
			     const struct rows *counts) MUST_CHECK;
/* When the run had a warehouse at work that bills by the second; told again, it may be longer. */
struct err *ledger_busy_put(struct ledger *l, long long run, const struct price_busy *busy,
			    size_t n) MUST_CHECK;
/* [n] of all its processes, by the time they began. */
struct err *ledger_busy_get(void *mem, struct ledger *l, long long run, struct price_busy **busy,
			    size_t *n) MUST_CHECK;
/* rows: service, what, quantity, unit, usd, priced_on; what is told again takes the old one's
 * place. */
struct err *ledger_cost_put(struct ledger *l, long long run, const struct rows *costs) MUST_CHECK;

/* --- reading --- */
/*
 * From now on this session reads the ledger as of that moment, "2026-07-15T03:12:00Z"; NULL: as it
 * is.  errors ERR_CONFIG: it is older than this program
 */
struct err *ledger_at(struct ledger *l, const char *moment) MUST_CHECK;
bool ledger_is_past(const struct ledger *l);
/* The query sql/view/NAME with text parameters. */
struct err *ledger_read(void *mem, struct ledger *l, const char *name, const char *const *params,
			size_t n, struct rows **out) MUST_CHECK;

#endif
