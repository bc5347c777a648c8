/*
 * One batch: what open_window decided, what extract read and transform made.
 * Pure data; the manifest is its JSON form.
 */
#ifndef BIKEOPS_PIPELINE_BATCH_H
#define BIKEOPS_PIPELINE_BATCH_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum batch_mode { BATCH_FULL, BATCH_INCREMENTAL, BATCH_BACKFILL };

/* The warehouse's row that publish moves; all texts NULL-free but for a fresh warehouse. */
struct watermark {
	long long k; /* 0: nothing published yet */
	long long run;
	const char *epoch; /* uuid of the capture, or NULL when k is 0 */
	const char *s;	   /* snapshot text "xmin:xmax:xip,..", or NULL */
	const char *seq;   /* last journal row taken, or NULL: seq, xid, at as text */
	const char *xid;
	const char *at; /* ISO with microseconds, UTC */
	const char *business_timezone;
	int first_year, last_year; /* of dim_date; 0: none yet */
};

/* Days are cut at one zone's midnights from setup on: ERR_REFUSED where zone is another. */
struct err *batch_timezone(const struct watermark *wm, const char *zone) MUST_CHECK;

/* One object; an entity may have several, which follow each other. */
struct batch_file {
	const char *entity; /* "customers", "orders", .., "dirty_orders", "keys" */
	const char *key;    /* object key in bucket raw */
	long long bytes;
	long long rows;	    /* without the header; who knows only the entity's gives its first
			     * file all of them */
	const char *sha256; /* NULL where another program wrote it: then its etag tells a change */
	const char *etag;
	const char *header; /* names of the columns, as the first line has them */
	bool headless;	    /* a later part that does not repeat that line */
};

struct batch {
	long long run;
	int attempt;
	enum batch_mode mode;
	const char *prefix;    /* "2026/07/15/128-3fa9c1": of all objects, both buckets */
	struct watermark prev; /* k-1 */
	struct watermark
		next; /* k: k, run, epoch, s, seq, xid, at, timezone; years after transform */
	const char *run_day;	/* YYYY-MM-DD in the business time zone, of S(k) */
	const char *from, *to;	/* backfill's order dates, or NULL */
	int max_reject_percent; /* more rejected rows than that fail the batch */
	const char *program;	/* version */
	const char *sql_hash;
	struct batch_file *files; /* [n_files] */
	size_t n_files;
};

/* The files of an entity, in order: the one behind after, the first for NULL; NULL: no more. */
const struct batch_file *batch_next(const struct batch *b, const char *entity,
				    const struct batch_file *after);
/* Rows and bytes of all of them; 0 where there are none. */
long long batch_rows(const struct batch *b, const char *entity);
long long batch_bytes(const struct batch *b, const char *entity);

/* One staged table, as transform leaves it. */
struct staged {
	const char *table;  /* "stg_customers" */
	const char *entity; /* "customers"; "dates" for stg_date */
	const char **keys;  /* [n_keys] Parquet objects in bucket processed */
	size_t n_keys;	    /* 0: no rows */
	const char
		*rejects_key; /* CSV object in bucket processed, or NULL when none were rejected */
	long long bytes;      /* of all of them */
	long long read;	      /* read = rows + superseded + rejected */
	long long rows;	      /* staged */
	long long superseded;
	long long rejected;
};

struct staging {
	struct staged *tables; /* [n] */
	size_t n;
	int first_year, last_year; /* what stg_date spans; prev's where no date came */
};

#endif
