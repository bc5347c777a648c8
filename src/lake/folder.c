#include "lake/lake.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/thread.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* With umask 007 and a setgid lake directory these come out as 2770 and 0660. */
#define DIR_MODE  0770
#define FILE_MODE 0660

struct lake {
	char *dir;	    /* absolute */
	struct mutex *lock; /* of what follows: several threads write at once */
	char *work;	    /* our own folder of unfinished files, NULL until the first */
	int work_fd;	    /* holds its flock while we live */
	unsigned n_work;
};

static const char *const buckets[] = {
	[LAKE_SOURCE] = "source",
	[LAKE_RAW] = "raw",
	[LAKE_PROCESSED] = "processed",
	[LAKE_LOG] = "log",
};

/* --- names --- */

const char *
lake_local_dir(const struct lake *lake)
{
	return lake->dir;
}

static char *
folder_path(void *mem, const struct lake *lake, enum lake_bucket bucket, const char *key)
{
	return mem_printf(mem, "%s/%s/%s", lake->dir, buckets[bucket], key);
}

char *
lake_name(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key)
{
	return mem_printf(mem, "folder://%s/%s/%s", lake->dir, buckets[bucket], key);
}

/* No key leaves its bucket, and no two keys are one file. */
static struct err *
folder_check_key(const char *key)
{
	const char *part = key;

	while (true) {
		size_t n = strcspn(part, "/");

		if (!n || n > NAME_MAX || !strncmp(part, ".", n) || !strncmp(part, "..", n))
			return err_new(ERR_USAGE, "'%s' is no key of an object", key);
		if (!part[n])
			return NULL;
		part += n + 1;
	}
}

/* What errno says about an object. */
static struct err *
folder_error(struct lake *lake, enum lake_bucket bucket, const char *key, const char *verb,
	     long long missing)
{
	AUTO_MEM void *tmp = mem_root();
	char *name = lake_name(tmp, lake, bucket, key);
	struct statvfs fs = { 0 };
	int why = errno;

	if (why != ENOSPC && why != EDQUOT) {
		bool absent = why == ENOENT || why == ENOTDIR;

		return err_sys(absent ? ERR_NOTFOUND : ERR_DATA, "cannot %s '%s'", verb, name);
	}
	statvfs(lake->dir, &fs);
	return err_hint(
		err_new(ERR_DATA, "cannot %s '%s': the disk is full: %lld bytes free, %lld missing",
			verb, name, (long long)fs.f_bavail * (long long)fs.f_frsize, missing),
		"make room under '%s'", lake->dir);
}

/* --- directories --- */

/* Make the entry of path in its directory durable.  -1: errno. */
static int
sync_entry(const char *path)
{
	const char *slash = strrchr(path, '/');
	AUTO_MEM char *dir = mem_strndup(NULL, path, slash ? (size_t)(slash - path) + 1 : 0);
	int fd = open(*dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int bad = fd < 0 || fsync(fd);

	if (fd >= 0)
		close(fd);
	return bad ? -1 : 0;
}

/* Make the directories above path, each durable.  -1: errno. */
static int
make_parents(const char *path)
{
	AUTO_MEM char *dir = mem_strdup(NULL, path);

	for (char *slash = strchr(dir + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int bad = mkdir(dir, DIR_MODE);
		if (bad ? errno != EEXIST : sync_entry(dir))
			return -1;
		*slash = '/';
	}
	return 0;
}

static struct err *
folder_prepare(struct lake *lake)
{
	char real[PATH_MAX];

	for (size_t i = 0; i < sizeof(buckets) / sizeof(*buckets); i++) {
		AUTO_MEM char *inside = folder_path(NULL, lake, (enum lake_bucket)i, "");

		if (make_parents(inside))
			return err_sys(ERR_CONFIG, "cannot make the lake's directory '%s'", inside);
	}
	if (!realpath(lake->dir, real))
		return err_sys(ERR_CONFIG, "cannot find the lake '%s'", lake->dir);
	lake->dir = mem_strdup(lake, real);
	return NULL;
}

struct err *
lake_open_folder(void *mem, const char *dir, struct lake **out)
{
	struct lake *lake = mem_new(mem, struct lake);

	lake->work_fd = -1;
	lake->lock = mutex_new(lake);
	lake->dir = mem_strdup(lake, dir);
	struct err *e = folder_prepare(lake);
	if (e)
		mem_free(lake);
	else
		*out = lake;
	return e;
}

/* --- unfinished files: LAKE/.work/<ours>/ --- */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void
remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Remove the folders of processes that are gone: nobody holds their lock. */
static void
folder_sweep(const char *dir)
{
	AUTO_MEM void *tmp = mem_root();
	DIR *d = opendir(dir);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		char *path = mem_printf(tmp, "%s/%s", dir, entry->d_name);
		int fd = *entry->d_name == '.' ? -1 : open(path, O_RDONLY | O_CLOEXEC);

		if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
			remove_tree(path);
		if (fd >= 0)
			close(fd);
	}
	if (d)
		closedir(d);
}

static int
folder_destroy(struct lake *lake)
{
	remove_tree(lake->work);
	close(lake->work_fd);
	return 0;
}

/* A folder that others leave alone while we live.  The lock of .work keeps it from a sweep
 * between its birth and its own lock.  -1: errno. */
static int
folder_make_work(struct lake *lake)
{
	AUTO_MEM char *dir = mem_printf(NULL, "%s/.work", lake->dir);
	char *work = mem_printf(lake, "%s/XXXXXX", dir);

	mkdir(dir, DIR_MODE);
	int all = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (all < 0)
		return -1;
	flock(all, LOCK_EX);
	folder_sweep(dir);
	if (mkdtemp(work))
		lake->work_fd = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int bad = lake->work_fd < 0 || flock(lake->work_fd, LOCK_EX | LOCK_NB);
	close(all);
	if (bad)
		return -1;
	lake->work = work;
	mem_on_free(lake, folder_destroy);
	return 0;
}

struct err *
lake_work_path(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key, char **path)
{
	const char *slash = strrchr(key, '/');

	TRY(folder_check_key(key));
	mutex_lock(lake->lock);
	int bad = lake->work ? 0 : folder_make_work(lake);
	if (!bad)
		*path = mem_printf(mem, "%s/%u-%s", lake->work, lake->n_work++,
				   slash ? slash + 1 : key);
	mutex_unlock(lake->lock);
	return bad ? folder_error(lake, bucket, key, "begin", 0) : NULL;
}

/* The file becomes the object, durable; its temporary name goes. */
static struct err *
folder_publish(struct lake *lake, enum lake_bucket bucket, const char *key, const char *file)
{
	AUTO_MEM void *tmp = mem_root();
	char *path = folder_path(tmp, lake, bucket, key);

	if (make_parents(path))
		return folder_error(lake, bucket, key, "make the directory of", 0);
	int bad = link(file, path);
	if (bad && errno == EEXIST)
		return err_new(ERR_CONFLICT, "'%s' is already there",
			       lake_name(tmp, lake, bucket, key));
	if (bad || sync_entry(path) || unlink(file))
		return folder_error(lake, bucket, key, "publish", 0);
	return NULL;
}

struct err *
lake_adopt(struct lake *lake, enum lake_bucket bucket, const char *key, const char *work_path)
{
	TRY(folder_check_key(key));
	int fd = open(work_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return folder_error(lake, bucket, key, "adopt", 0);
	int bad = fsync(fd);
	struct err *e = bad ? folder_error(lake, bucket, key, "write", 0) : NULL;
	close(fd);
	return e ? e : folder_publish(lake, bucket, key, work_path);
}

/* --- writing --- */

struct folder_writer {
	struct lake_writer w; /* first: callers see only this */
	struct lake *lake;
	enum lake_bucket bucket;
	char *key;
	char *file; /* its temporary name */
	int fd;
	struct digest *digest;
};

static int
folder_writer_destroy(struct folder_writer *fw)
{
	if (fw->fd >= 0) {
		close(fw->fd);
		unlink(fw->file);
	}
	return 0;
}

static struct err *
folder_write(struct sink *self, const void *data, size_t n)
{
	struct folder_writer *fw = (struct folder_writer *)self;
	const char *at = data;

	digest_update(fw->digest, data, n);
	while (n) {
		ssize_t done = write(fw->fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return folder_error(fw->lake, fw->bucket, fw->key, "write", (long long)n);
		at += done;
		n -= (size_t)done;
		fw->w.bytes += done;
	}
	return NULL;
}

struct err *
lake_create(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key,
	    struct lake_writer **out)
{
	struct folder_writer *fw = mem_new(mem, struct folder_writer);

	*fw = (struct folder_writer){
		.w.sink.write = folder_write, .lake = lake, .bucket = bucket, .fd = -1
	};
	fw->key = mem_strdup(fw, key);
	fw->digest = digest_new(fw);
	struct err *e = lake_work_path(fw, lake, bucket, key, &fw->file);
	if (!e) {
		fw->fd = open(fw->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
		e = fw->fd < 0 ? folder_error(lake, bucket, key, "create", 0) : NULL;
	}
	if (e) {
		mem_free(fw);
		return e;
	}
	mem_on_free(fw, folder_writer_destroy);
	*out = &fw->w;
	return NULL;
}

struct err *
lake_commit(struct lake_writer *w)
{
	struct folder_writer *fw = (struct folder_writer *)w;

	if (fsync(fw->fd))
		return folder_error(fw->lake, fw->bucket, fw->key, "write", 0);
	TRY(folder_publish(fw->lake, fw->bucket, fw->key, fw->file));
	close(fw->fd);
	fw->fd = -1;
	digest_hex(fw->digest, w->sha256);
	return NULL;
}

/* --- reading --- */

struct err *
lake_log_path(void *mem, struct lake *lake, const char *key, char **path)
{
	TRY(folder_check_key(key));
	*path = folder_path(mem, lake, LAKE_LOG, key);
	return make_parents(*path) ? folder_error(lake, LAKE_LOG, key, "make the directory of", 0)
				   : NULL;
}

struct err *
lake_remove(struct lake *lake, enum lake_bucket bucket, const char *key)
{
	AUTO_MEM char *path = folder_path(NULL, lake, bucket, key);

	TRY(folder_check_key(key));
	if (unlink(path) && errno != ENOENT && errno != ENOTDIR)
		return folder_error(lake, bucket, key, "remove", 0);
	return NULL;
}

struct err *
lake_local_path(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key, char **path)
{
	TRY(folder_check_key(key));
	char *file = folder_path(mem, lake, bucket, key);
	if (access(file, R_OK))
		return folder_error(lake, bucket, key, "read", 0);
	*path = file;
	return NULL;
}

struct err *
lake_read(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key, size_t max,
	  struct strbuf *out)
{
	AUTO_MEM void *tmp = mem_root();
	char *path, part[8192];
	ssize_t n;

	TRY(lake_local_path(tmp, lake, bucket, key, &path));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return folder_error(lake, bucket, key, "read", 0);
	strbuf_init(out, mem, max);
	while ((n = read(fd, part, sizeof(part))) > 0 && !out->full)
		strbuf_add(out, part, (size_t)n);
	struct err *e = n < 0 ? folder_error(lake, bucket, key, "read", 0) : NULL;
	close(fd);
	if (!e && out->full)
		e = err_new(ERR_DATA, "'%s' is longer than %zu bytes",
			    lake_name(tmp, lake, bucket, key), max);
	return e;
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
	char *path = folder_path(mem, lake, bucket, prefix);

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
lake_list(void *mem, struct lake *lake, enum lake_bucket bucket, const char *prefix,
	  struct lake_object **list, size_t *n)
{
	AUTO_MEM void *tmp = mem_root();
	char *const roots[] = { folder_above(tmp, lake, bucket, prefix), NULL };
	size_t skip = strlen(folder_path(tmp, lake, bucket, "")), found = 0;
	struct lake_object *objects = mem_array(mem, struct lake_object, 1);
	struct err *e = NULL;
	FTSENT *at;

	if (*prefix == '/' || strstr(prefix, ".."))
		return err_new(ERR_USAGE, "'%s' begins no key", prefix);
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	while (tree && !e && (at = fts_read(tree))) {
		bool bad = at->fts_info == FTS_NS || at->fts_info == FTS_DNR;

		errno = at->fts_errno;
		if (bad && errno != ENOENT && errno != ENOTDIR)
			e = folder_error(lake, bucket, prefix, "list", 0);
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
