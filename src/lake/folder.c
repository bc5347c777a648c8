/* Folders as buckets. */
#include "base/mem.h"
#include "lake/kind.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
folder_name(void *mem, const struct lake *lake, enum lake_bucket bucket, const char *key)
{
	return mem_printf(mem, "folder://%s", lake_path(mem, lake, bucket, key));
}

static struct err *
folder_publish(struct lake *lake, enum lake_bucket bucket, const char *key, const char *file,
	       const char *sha256)
{
	AUTO_MEM void *tmp = mem_root();
	char *path = lake_path(tmp, lake, bucket, key);

	(void)sha256;
	if (lake_make_parents(path))
		return lake_error(lake, bucket, key, "make the directory of", 0);
	int bad = link(file, path);
	if (bad && errno == EEXIST)
		return err_new(ERR_CONFLICT, "'%s' is already there",
			       lake_name(tmp, lake, bucket, key));
	if (bad || lake_sync_entry(path) || unlink(file))
		return lake_error(lake, bucket, key, "publish", 0);
	return NULL;
}

static struct err *
folder_fetch(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key,
	     const char *etag, char **path)
{
	char *file = lake_path(mem, lake, bucket, key);

	(void)etag;
	if (access(file, R_OK))
		return lake_error(lake, bucket, key, "read", 0);
	*path = file;
	return NULL;
}

static struct err *
folder_remove(struct lake *lake, enum lake_bucket bucket, const char *key)
{
	AUTO_MEM char *path = lake_path(NULL, lake, bucket, key);

	if (unlink(path) && errno != ENOENT && errno != ENOTDIR)
		return lake_error(lake, bucket, key, "remove", 0);
	return NULL;
}

static int
object_compare(const void *a, const void *b)
{
	return strcmp(((const struct lake_object *)a)->key, ((const struct lake_object *)b)->key);
}

/* The directory that holds everything whose key begins with prefix. */
static char *
folder_above(void *mem, const struct lake *lake, enum lake_bucket bucket, const char *prefix)
{
	char *path = lake_path(mem, lake, bucket, prefix);

	*strrchr(path, '/') = '\0';
	return path;
}

static void
folder_add(void *mem, struct lake_object **list, size_t *n, const char *key, const struct stat *st)
{
	*list = mem_grow(mem, *list, struct lake_object, *n + 1);
	(*list)[(*n)++] = (struct lake_object){
		.key = mem_strdup(*list, key),
		.bytes = st->st_size,
		.mtime = st->st_mtime,
	};
}

struct err *
lake_list_local(void *mem, struct lake *lake, enum lake_bucket bucket, const char *prefix,
		struct lake_object **list, size_t *n)
{
	AUTO_MEM void *tmp = mem_root();
	char *const roots[] = { folder_above(tmp, lake, bucket, prefix), NULL };
	size_t skip = strlen(lake_path(tmp, lake, bucket, "")), found = 0;
	struct lake_object *objects = mem_array(mem, struct lake_object, 1);
	struct err *e = NULL;
	FTSENT *at;

	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	while (tree && !e && (at = fts_read(tree))) {
		bool bad = at->fts_info == FTS_NS || at->fts_info == FTS_DNR;

		errno = at->fts_errno;
		if (bad && errno != ENOENT && errno != ENOTDIR)
			e = lake_error(lake, bucket, prefix, "list", 0);
		else if (at->fts_info == FTS_F &&
			 !strncmp(at->fts_path + skip, prefix, strlen(prefix)))
			folder_add(mem, &objects, &found, at->fts_path + skip, at->fts_statp);
	}
	if (tree)
		fts_close(tree);
	if (e)
		return e;
	qsort(objects, found, sizeof(*objects), object_compare);
	*list = objects;
	*n = found;
	return NULL;
}

/* It has grown where it stays. */
static struct err *
folder_log_done(struct lake *lake, const char *key)
{
	(void)lake, (void)key;
	return NULL;
}

static const struct lake_kind folder_kind = {
	.name = folder_name,
	.publish = folder_publish,
	.fetch = folder_fetch,
	.remove = folder_remove,
	.list = lake_list_local,
	.log_done = folder_log_done,
};

struct err *
lake_open_folder(void *mem, const char *dir, struct lake **out)
{
	struct lake *lake = mem_new(mem, struct lake);

	struct err *e = lake_init(lake, &folder_kind, dir);

	if (e)
		mem_free(lake);
	else
		*out = lake;
	return e;
}
