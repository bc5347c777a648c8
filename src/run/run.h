/*
 * One run at work: what it was asked, the parts it speaks to, how far it is.
 * A task is a const row in its own file; the runner does them in order.
 */
#ifndef BIKEOPS_RUN_RUN_H
#define BIKEOPS_RUN_RUN_H

#include "base/err.h"
#include "base/progress.h"
#include "base/settings.h"
#include "engine/engine.h"
#include "lake/lake.h"
#include "ledger/ledger.h"
#include "pipeline/batch.h"
#include "pipeline/engine.h"
#include "source/source.h"
#include "warehouse/warehouse.h"

#include <stdbool.h>

/* What the operator asked for; kept with the run as JSON. */
struct run_request {
	const char *mode;      /* "setup", "full", "incremental", "backfill", "undo" */
	const char *from, *to; /* backfill's order dates */
	bool no_full;	       /* refuse what must become a full one */
	const char *engine;    /* "auto", "duckdb", "emr"; NULL: as the setting says */
	const char *dataset;   /* setup: folder of the nine files, or NULL */
	bool recreate;	       /* setup: drop what is there */
	bool adopt;	       /* setup: a store that others made */
	bool uninstall;	       /* setup: take capture away */
	bool drop_audit;       /* .. and the audit columns */
	long long undo;	       /* undo: the run whose batch is taken back */
	const char *airflow;   /* "dag_id=D/run_id=R" of the run that started it, or NULL */
};

/* errors  ERR_USAGE: a text is no UTF-8 */
struct err *run_request_json(void *mem, const struct run_request *request, char **out) MUST_CHECK;
struct err *run_request_parse(void *mem, const char *mode, const char *json,
			      struct run_request *out) MUST_CHECK;

struct heart;
struct spark_job;

struct run {
	const struct settings *settings;
	struct ledger *ledger;
	long long id;
	int attempt;
	const char *warehouse_name; /* the lease's and the books' name of the warehouse */
	struct run_request request;
	struct heart *heart; /* beats beside the tasks; also their progress */
	struct progress *progress;

	struct lake *lake; /* opened by the first task that asks */
	struct source *source;
	struct warehouse *warehouse;
	struct engine *engine;

	const char *manifest;	 /* key of a manifest to go on from, or NULL */
	struct batch *batch;	 /* from open_window on */
	struct staging *staging; /* from transform on */
	struct undo *undo;	 /* of an undo, from open_window on */
	struct spark_job *spark; /* what transformed it, or NULL */
	bool counted;		 /* the shop was counted at S(k): so is serving, after publish */
	bool published;		 /* publish was done by an earlier attempt */
	bool nothing;		 /* no change to load: the tasks after open_window are not due */
};

struct task {
	const char *name;
	int tries; /* how often it may fail for a reason that a retry helps */
	bool (*due)(const struct run *run); /* NULL: always */
	struct err *(*work)(struct run *run);
};

extern const struct task *const pipeline_tasks[]; /* end with NULL */
extern const struct task *const setup_tasks[];
extern const struct task *const undo_tasks[];

/* run->ledger has a session: a run outlives a restart of the ledger's server. */
struct err *run_ledger_ready(struct run *run) MUST_CHECK;
/* The parts, opened once; dropped together when a connection was lost. */
struct err *run_lake(struct run *run, struct lake **out) MUST_CHECK;
struct err *run_source(struct run *run, struct source **out) MUST_CHECK;
struct err *run_warehouse(struct run *run, struct warehouse **out) MUST_CHECK;
struct err *run_engine(struct run *run, struct engine **out) MUST_CHECK;
void run_drop_parts(struct run *run);
/* Nothing after load_staging needs it: give its memory back. */
void run_drop_engine(struct run *run);
/* What decides which engine transforms; engine: the run's own wish, or NULL. */
struct engine_wish run_engine_wish(const struct settings *settings, const char *engine);
/* The warehouse's name: its DSN without the password. */
char *run_warehouse_name(void *mem, const struct settings *settings);

/* Tell the operator and the ledger why this run is as it is. */
struct err *run_note(struct run *run, const char *fmt, ...) MUST_CHECK
__attribute__((format(printf, 2, 3)));

#endif
