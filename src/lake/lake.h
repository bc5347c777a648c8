/*
 * The four buckets source, raw, processed and log, in which source, engine and
 * warehouse meet.  Objects are written once and never changed.
 */
#ifndef BIKEOPS_LAKE_LAKE_H
#define BIKEOPS_LAKE_LAKE_H

#include "base/err.h"
#include "base/rows.h"
#include "base/settings.h"
#include "base/strbuf.h"
#include "base/stream.h"

#include <stdbool.h>
#include <stddef.h>

enum lake_bucket { LAKE_SOURCE, LAKE_RAW, LAKE_PROCESSED, LAKE_LOG };

struct lake; /* opaque */

struct lake_object {
	const char *key;
	long long bytes;
	long long mtime; /* seconds since 1970 UTC */
};

/* The lake of the profile. */
struct err *lake_open(void *mem, const struct settings *settings, struct lake **out) MUST_CHECK;
/* A folder as lake: DIR/source, DIR/raw, ... made where missing. */
struct err *lake_open_folder(void *mem, const char *dir, struct lake **out) MUST_CHECK;
/* Four buckets of S3, by enum lake_bucket; region NULL: as the AWS tools find it.  Nobody is asked
 * yet.  dir: copies, unfinished files and growing logs. */
struct err *lake_open_s3(void *mem, const char *dir, const char *region, const char *const *names,
			 struct lake **out) MUST_CHECK;

/*
 * Write one object: what is written shows only after commit, whole and durable.
 * Freeing a writer without commit leaves nothing.
 * errors  ERR_CONFLICT: the key is already there; ERR_DATA: disk full, says how much is missing
 */
struct lake_writer {
	struct sink sink; /* sink.write(&w->sink, data, n) */
	long long bytes;
	char sha256[65]; /* set by commit */
};
struct err *lake_create(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key,
			struct lake_writer **out) MUST_CHECK;
struct err *lake_commit(struct lake_writer *w) MUST_CHECK;

/* A whole small object (at most max bytes); ERR_NOTFOUND where it is not there. */
struct err *lake_read(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key,
		      size_t max, struct strbuf *out) MUST_CHECK;
/*
 * A local file with the object's bytes: the object itself for a folder.
 * etag    that it must have, or NULL; a folder has none
 * errors  ERR_DATA: it has another
 */
struct err *lake_local_path(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key,
			    const char *etag, char **path) MUST_CHECK;
/*
 * A local file that a program writes by itself and that becomes the object by
 * lake_adopt(): a temporary name on the lake's own disk.
 */
struct err *lake_work_path(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key,
			   char **path) MUST_CHECK;
struct err *lake_adopt(struct lake *lake, enum lake_bucket bucket, const char *key,
		       const char *work_path) MUST_CHECK;
/* Take one object away; one that is not there is no error. */
struct err *lake_remove(struct lake *lake, enum lake_bucket bucket, const char *key) MUST_CHECK;
/* The directory under which all these local files lie: all that a program may need to reach. */
const char *lake_local_dir(const struct lake *lake);
/* Objects under prefix in key order. */
struct err *lake_list(void *mem, struct lake *lake, enum lake_bucket bucket, const char *prefix,
		      struct lake_object **list, size_t *n) MUST_CHECK;
/* A local file of bucket log that grows while a program writes it, until lake_log_done(); its
 * folder is made. */
struct err *lake_log_path(void *mem, struct lake *lake, const char *key, char **path) MUST_CHECK;
/* The log files of this host under prefix, in key order. */
struct err *lake_log_list(void *mem, struct lake *lake, const char *prefix,
			  struct lake_object **list, size_t *n) MUST_CHECK;
/* The log is whole: others may read it. */
struct err *lake_log_done(struct lake *lake, const char *key) MUST_CHECK;
/* "folder:///x/raw/2026/.." or "s3://raw/2026/..": how messages name an object. */
char *lake_name(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key);
/* What can be looked at: name, value, limit, state, hint.
 * write  also write and remove an object in each bucket */
struct rows *lake_checks(void *mem, struct lake *lake, bool write);

#endif
