/*
 * The shop's database: capture, windows, extraction.  copy.c: COPY from any
 * PostgreSQL; aws_s3.c: RDS writes to S3 by itself.
 */
#ifndef BIKEOPS_SOURCE_SOURCE_H
#define BIKEOPS_SOURCE_SOURCE_H

#include "base/err.h"
#include "base/progress.h"
#include "base/rows.h"
#include "base/settings.h"
#include "lake/lake.h"
#include "pipeline/batch.h"

struct source; /* opaque; one thread at a time */

/* role: "bikeops_run", "bikeops_read" or NULL for the login role (setup); settings outlive it. */
struct err *source_open(void *mem, const struct settings *settings, const char *role,
			const char *app, struct source **out) MUST_CHECK;

/* --- setup: sources as the operator gave them, see sql/source and sql/capture --- */
/* Schema store, ready for rows.  errors  ERR_REFUSED: it holds rows already */
struct err *source_create(struct source *s) MUST_CHECK;
/* One that is there and has its audit columns: ERR_NOTFOUND, or ERR_REFUSED where it lacks them. */
struct err *source_adopted(struct source *s) MUST_CHECK;
/*
 * Import the nine CSV files of dir (Kaggle's names) in one transaction: all or nothing.
 * With replace it also drops what is there, the capture too, and makes it anew.
 * errors  ERR_DATA: file, line, column and reason
 */
struct err *source_import(struct source *s, const char *dir, const char *business_timezone,
			  bool replace, struct progress *progress) MUST_CHECK;
/*
 * A store that others made.  differs: table, column, has, needs, of what capture cannot read;
 * plan: part, table, does, of what an adoption adds.  Read-only.
 * errors  ERR_NOTFOUND: no schema store
 */
struct err *source_adopt_look(void *mem, struct source *s, struct rows **differs,
			      struct rows **plan) MUST_CHECK;
/* ERR_REFUSED with all of them, or NULL where there are none. */
struct err *source_adopt_refusal(const struct rows *differs) MUST_CHECK;
/* Add audit columns, triggers and rules where they lack, a table at a time; rows stay. */
struct err *source_adopt(struct source *s) MUST_CHECK;
/* As source_adopt_look(): part, table, does.  audit: the audit columns too. */
struct err *source_remove_look(void *mem, struct source *s, bool audit, struct rows **plan)
	MUST_CHECK;
/* Take away triggers, journal and grants; the roles stay.
 * errors  ERR_REMOTE: audit, but there are inactive rows */
struct err *source_remove_capture(struct source *s, bool audit) MUST_CHECK;
/* Capture: roles, journal, triggers, epoch; idempotent. */
struct err *source_install_capture(struct source *s, const char *warehouse,
				   struct progress *progress) MUST_CHECK;

/* --- a run --- */
/* What a window starts from, or why it must be a full one. */
struct source_window {
	const char *snapshot; /* S(k) of a snapshot of its own: only for deciding */
	const char *epoch;
	const char *must_full; /* why an incremental cannot go on from prev, or NULL */
	long long changes;     /* journal rows since prev: 0 means nothing to do */
	long long dirty_orders;
	const char *oldest_xact; /* "pid 71, 2 h: idle in transaction", or NULL */
	struct rows *expected;	 /* entity, rows: per extract step, for --dry-run and ETA */
};
/*
 * Guards and counts, read-only.  prev->k == 0: must_full says that nothing is published.
 * errors  ERR_REFUSED: a standby, a disabled trigger, a schema that changed, ... with the cure
 */
struct err *source_look(void *mem, struct source *s, const struct watermark *prev,
			enum batch_mode mode, const char *from, const char *to,
			struct source_window **out) MUST_CHECK;

/*
 * Take S(k) and write every raw file of b->prefix, attempt b->attempt; fills b->next, b->run_day,
 * b->files, owned by b, as is totals.  extra_orders: order ids that a backfill adds from the fact,
 * or NULL. Does not write the manifest.  totals: as source_counts(), in the same snapshot; NULL
 * where an increment would have to read a big shop for them.
 */
struct err *source_extract(struct source *s, struct lake *lake, struct batch *b,
			   const char *const *extra_orders, size_t n_extra,
			   struct progress *progress, struct rows **totals) MUST_CHECK;
/* After publish: remember S(k) for trimming. */
struct err *source_consumed(struct source *s, const char *warehouse, const struct watermark *wm)
	MUST_CHECK;
/* entity, rows, revenue, units now, in one snapshot: stores, customers, products, staffs,
 * order_lines, dates. */
struct err *source_counts(void *mem, struct source *s, struct rows **out) MUST_CHECK;
/* What that warehouse has not, in one row: see sql/source/behind.sql. */
struct err *source_behind(void *mem, struct source *s, const char *warehouse, struct rows **out)
	MUST_CHECK;
/* Whom sessions of ours wait for there: a row as of source_checks(). */
struct err *source_locks(void *mem, struct source *s, struct rows **out) MUST_CHECK;
/*
 * One row a check: name, value, limit, state (ok, warn, fail), hint.
 * errors  ERR_CONFLICT: others keep what it reads locked
 */
struct err *source_checks(void *mem, struct source *s, const struct watermark *wm,
			  struct rows **out) MUST_CHECK;

#endif
