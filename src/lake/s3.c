/*
 * Buckets of S3.  Objects never change, so that a copy of one that was written or read here serves
 * until the process ends: it lies among its unfinished files.  Logs grow as local files.
 */
#include "remote/s3.h"

#include "base/mem.h"
#include "base/time.h"
#include "lake/kind.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UPLOAD_OLD_S 86400

/* A client that no thread uses at the moment. */
struct idle {
	struct s3 *s3;
	struct idle *next;
};

struct s3_lake {
	struct lake lake; /* first: callers see only this */
	struct s3_config config;
	const char *buckets[LAKE_LOG + 1];
	struct idle *idle; /* under lake.lock */
};

/* --- clients --- */

static struct err *
take(struct s3_lake *l, struct idle **out)
{
	struct err *e = NULL;

	mutex_lock(l->lake.lock);
	struct idle *idle = l->idle;
	if (idle) {
		l->idle = idle->next;
	} else {
		idle = mem_new(l, struct idle);
		e = s3_open(idle, &l->config, &idle->s3);
		if (e)
			mem_free(idle);
	}
	mutex_unlock(l->lake.lock);
	if (!e)
		*out = idle;
	return e;
}

static void
give(struct s3_lake *l, struct idle *idle)
{
	mutex_lock(l->lake.lock);
	idle->next = l->idle;
	l->idle = idle;
	mutex_unlock(l->lake.lock);
}

static char *
s3_lake_name(void *mem, const struct lake *lake, enum lake_bucket bucket, const char *key)
{
	return s3_name(mem, ((const struct s3_lake *)lake)->buckets[bucket], key);
}

/* --- copies --- */

/* Where the copy of an object lies; made is its directory. */
static struct err *
copy_path(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key, bool make,
	  char **path)
{
	AUTO_MEM void *tmp = mem_root();
	char *within;

	TRY(lake_work_path(tmp, lake, bucket, key, &within));
	*path = mem_printf(mem, "%s/%s/%s", lake->work, lake_buckets[bucket], key);
	if (make && lake_make_parents(*path))
		return lake_error(lake, bucket, key, "make the directory of", 0);
	return NULL;
}

static struct err *
s3_lake_publish(struct lake *lake, enum lake_bucket bucket, const char *key, const char *file,
		const char *sha256)
{
	AUTO_MEM void *tmp = mem_root();
	struct s3_lake *l = (struct s3_lake *)lake;
	struct idle *idle;
	char *copy;

	TRY(copy_path(tmp, lake, bucket, key, true, &copy));
	TRY(take(l, &idle));
	struct err *e = s3_put_file(idle->s3, l->buckets[bucket], key, file, sha256, true);
	give(l, idle);
	if (!e && rename(file, copy))
		e = lake_error(lake, bucket, key, "keep a copy of", 0);
	return e;
}

static struct err *
s3_lake_fetch(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key,
	      const char *etag, char **path)
{
	AUTO_MEM void *tmp = mem_root();
	struct s3_lake *l = (struct s3_lake *)lake;
	char *copy, *grown = lake_path(tmp, lake, bucket, key), sha256[65];
	struct idle *idle;

	if (bucket == LAKE_LOG && !access(grown, R_OK)) {
		*path = mem_strdup(mem, grown);
		return NULL;
	}
	TRY(copy_path(tmp, lake, bucket, key, true, &copy));
	if (access(copy, R_OK)) {
		TRY(take(l, &idle));
		struct err *e = s3_get_file(idle->s3, l->buckets[bucket], key, etag, copy, sha256);
		give(l, idle);
		if (etag && e && e->code == ERR_CONFLICT) {
			err_free(e);
			return err_hint(err_new(ERR_DATA, "'%s' was replaced: its ETag was %s",
						s3_lake_name(tmp, lake, bucket, key), etag),
					"a new run extracts it again");
		}
		TRY(e);
	}
	*path = mem_strdup(mem, copy);
	return NULL;
}

static struct err *
s3_lake_remove(struct lake *lake, enum lake_bucket bucket, const char *key)
{
	AUTO_MEM void *tmp = mem_root();
	struct s3_lake *l = (struct s3_lake *)lake;
	struct idle *idle;
	char *copy;

	TRY(take(l, &idle));
	struct err *e = s3_delete(idle->s3, l->buckets[bucket], &key, 1);
	give(l, idle);
	TRY(e);
	TRY(copy_path(tmp, lake, bucket, key, false, &copy));
	unlink(copy);
	if (bucket == LAKE_LOG)
		unlink(lake_path(tmp, lake, bucket, key));
	return NULL;
}

/* --- lists --- */

static int
object_compare(const void *a, const void *b)
{
	return strcmp(((const struct lake_object *)a)->key, ((const struct lake_object *)b)->key);
}

/* Logs that still grow here as well, and in place of what was uploaded of them before. */
static struct err *
with_local(void *mem, struct lake *lake, const char *prefix, struct lake_object **list, size_t *n)
{
	struct lake_object *local, *all;
	size_t n_local, kept = 0;

	TRY(lake_list_local(mem, lake, LAKE_LOG, prefix, &local, &n_local));
	all = mem_array(mem, struct lake_object, *n + n_local + 1);
	for (size_t i = 0; i < *n; i++) {
		if (!n_local ||
		    !bsearch(&(*list)[i], local, n_local, sizeof(*local), object_compare))
			all[kept++] = (*list)[i];
	}
	for (size_t i = 0; i < n_local; i++)
		all[kept++] = local[i];
	qsort(all, kept, sizeof(*all), object_compare);
	*list = all;
	*n = kept;
	return NULL;
}

static struct err *
s3_lake_list(void *mem, struct lake *lake, enum lake_bucket bucket, const char *prefix,
	     struct lake_object **list, size_t *n)
{
	struct s3_lake *l = (struct s3_lake *)lake;
	struct s3_object *objects;
	struct idle *idle;

	TRY(take(l, &idle));
	struct err *e = s3_list(mem, idle->s3, l->buckets[bucket], prefix, NULL, &objects, n);
	give(l, idle);
	TRY(e);
	*list = mem_array(mem, struct lake_object, *n + 1);
	for (size_t i = 0; i < *n; i++)
		(*list)[i] = (struct lake_object){ .key = objects[i].key,
						   .bytes = objects[i].bytes,
						   .mtime = objects[i].mtime };
	return bucket == LAKE_LOG ? with_local(mem, lake, prefix, list, n) : NULL;
}

/* A task that goes on in another process writes on, and uploads it again. */
static struct err *
s3_lake_log_done(struct lake *lake, const char *key)
{
	AUTO_MEM char *path = lake_path(NULL, lake, LAKE_LOG, key);
	struct s3_lake *l = (struct s3_lake *)lake;
	struct idle *idle;

	TRY(take(l, &idle));
	struct err *e = s3_put_file(idle->s3, l->buckets[LAKE_LOG], key, path, NULL, false);
	give(l, idle);
	return e;
}

/* --- checks --- */

/* Seen and listed, and where it is. */
static struct err *
check_bucket(struct s3_lake *l, struct s3 *s3, int i, struct rows *r)
{
	AUTO_MEM void *tmp = mem_root();
	long long begun = time_tick_ms();
	const char *ours, *theirs;
	struct s3_object *list;
	size_t n;

	TRY(aws_region(s3_aws(s3), &ours));
	TRY(s3_bucket(tmp, s3, l->buckets[i], &theirs));
	long long ms = time_tick_ms() - begun;
	TRY(s3_list(tmp, s3, l->buckets[i], ".write-test-", NULL, &list, &n));
	bool far = theirs && strcmp(ours, theirs);
	lake_check_add(r, mem_printf(tmp, "bucket %s", lake_buckets[i]),
		       mem_printf(tmp, "s3://%s in %s, %lld ms", l->buckets[i],
				  theirs ? theirs : "a region it does not tell", ms),
		       NULL, far ? "warn" : "ok",
		       far ? mem_printf(tmp,
					"the profile's region is %s: bytes between regions cost",
					ours)
			   : NULL);
	return NULL;
}

static struct err *
check_uploads(struct s3_lake *l, struct s3 *s3, int i, struct rows *r)
{
	AUTO_MEM void *tmp = mem_root();
	long long old = time_now_us() / 1000000 - UPLOAD_OLD_S;
	struct s3_upload *list;
	size_t n, n_old = 0;

	TRY(s3_uploads(tmp, s3, l->buckets[i], "", &list, &n));
	for (size_t k = 0; k < n; k++)
		n_old += list[k].begun < old;
	lake_check_add(r, mem_printf(tmp, "uploads in %s", lake_buckets[i]),
		       mem_printf(tmp, "%zu unfinished, %zu older than a day", n, n_old),
		       "0 older than a day", n_old ? "warn" : "ok",
		       n_old ? mem_printf(tmp,
					  "they cost: see 's3 ls %s --uploads', end them by "
					  "'s3 rm %s --uploads'",
					  lake_buckets[i], lake_buckets[i])
			     : NULL);
	return NULL;
}

static void
s3_lake_checks(struct lake *lake, struct rows *r)
{
	struct s3_lake *l = (struct s3_lake *)lake;
	struct idle *idle;
	struct err *e = take(l, &idle);

	for (int i = LAKE_SOURCE; !e && i <= LAKE_LOG; i++) {
		AUTO_MEM char *name = mem_printf(NULL, "bucket %s", lake_buckets[i]);
		struct err *bad = check_bucket(l, idle->s3, i, r);

		if (!bad)
			bad = check_uploads(l, idle->s3, i, r);
		if (bad)
			lake_check_fail(r, name, bad);
	}
	if (e)
		lake_check_fail(r, "buckets", e);
	else
		give(l, idle);
}

static const struct lake_kind s3_kind = {
	.name = s3_lake_name,
	.publish = s3_lake_publish,
	.fetch = s3_lake_fetch,
	.remove = s3_lake_remove,
	.list = s3_lake_list,
	.log_done = s3_lake_log_done,
	.checks = s3_lake_checks,
};

struct err *
lake_open_s3(void *mem, const char *dir, const char *region, const char *const *names,
	     struct lake **out)
{
	struct s3_lake *l = mem_new(mem, struct s3_lake);

	if (region)
		l->config.aws.region = mem_strdup(l, region);
	for (int i = LAKE_SOURCE; i <= LAKE_LOG; i++)
		l->buckets[i] = mem_strdup(l, names[i]);
	struct err *e = lake_init(&l->lake, &s3_kind, dir);
	if (e)
		mem_free(l);
	else
		*out = &l->lake;
	return e;
}
