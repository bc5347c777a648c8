/* What the files of the lake share: its local side, and what a kind of lake does. */
#ifndef BIKEOPS_LAKE_KIND_H
#define BIKEOPS_LAKE_KIND_H

#include "base/thread.h"
#include "lake/lake.h"

struct lake_kind {
	char *(*name)(void *mem, const struct lake *lake, enum lake_bucket bucket, const char *key);
	/* The finished file becomes the object, durable, and goes.  ERR_CONFLICT: there is one. */
	struct err *(*publish)(struct lake *lake, enum lake_bucket bucket, const char *key,
			       const char *file, const char *sha256);
	/* As lake_local_path(). */
	struct err *(*fetch)(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key,
			     const char *etag, char **path);
	struct err *(*remove)(struct lake *lake, enum lake_bucket bucket, const char *key);
	struct err *(*list)(void *mem, struct lake *lake, enum lake_bucket bucket,
			    const char *prefix, struct lake_object **list, size_t *n);
	struct err *(*log_done)(struct lake *lake, const char *key);
	/* Add what there is to look at, or NULL. */
	void (*checks)(struct lake *lake, struct rows *r);
};

struct lake {
	const struct lake_kind *kind;
	char *dir;	    /* absolute: the folders themselves, or local copies */
	struct mutex *lock; /* of what follows: several threads write at once */
	char *work;	    /* our own folder of unfinished files, NULL until the first */
	int work_fd;	    /* holds its flock while we live */
	unsigned n_work;
};

/* No key leaves its bucket, and no two keys are one file.  ERR_USAGE */
struct err *lake_check_key(const char *key) MUST_CHECK;
extern const char *const lake_buckets[]; /* by enum lake_bucket: "source", "raw", .. */

/* Begin a lake of this kind with dir as its local side. */
struct err *lake_init(struct lake *lake, const struct lake_kind *kind, const char *dir) MUST_CHECK;
/* DIR/BUCKET/KEY */
char *lake_path(void *mem, const struct lake *lake, enum lake_bucket bucket, const char *key);
/* Make the directories above path, each durable.  -1: errno. */
int lake_make_parents(const char *path);
/* Make the entry of path in its directory durable.  -1: errno. */
int lake_sync_entry(const char *path);
/* What errno says about an object; missing: bytes that a full disk lacks. */
struct err *lake_error(struct lake *lake, enum lake_bucket bucket, const char *key,
		       const char *verb, long long missing) MUST_CHECK;
/* Objects under prefix as files of the local side. */
struct err *lake_list_local(void *mem, struct lake *lake, enum lake_bucket bucket,
			    const char *prefix, struct lake_object **list, size_t *n) MUST_CHECK;

void lake_check_add(struct rows *r, const char *name, const char *value, const char *limit,
		    const char *state, const char *hint);
/* What could not be looked at; takes e. */
void lake_check_fail(struct rows *r, const char *name, struct err *e);

#endif
