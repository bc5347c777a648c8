/* A lake's local side: directories, and files that are not finished. */
#include "base/mem.h"
#include "lake/kind.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* With umask 007 and a setgid lake directory these come out as 2770. */
#define DIR_MODE 0770

/* --- directories --- */

int
lake_sync_entry(const char *path)
{
	const char *slash = strrchr(path, '/');
	AUTO_MEM char *dir = mem_strndup(NULL, path, slash ? (size_t)(slash - path) + 1 : 0);
	int fd = open(*dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int bad = fd < 0 || fsync(fd);

	if (fd >= 0)
		close(fd);
	return bad ? -1 : 0;
}

int
lake_make_parents(const char *path)
{
	AUTO_MEM char *dir = mem_strdup(NULL, path);

	for (char *slash = strchr(dir + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int bad = mkdir(dir, DIR_MODE);
		if (bad ? errno != EEXIST : lake_sync_entry(dir))
			return -1;
		*slash = '/';
	}
	return 0;
}

static struct err *
local_prepare(struct lake *lake)
{
	char real[PATH_MAX];

	for (int i = LAKE_SOURCE; i <= LAKE_LOG; i++) {
		AUTO_MEM char *inside = lake_path(NULL, lake, (enum lake_bucket)i, "");

		if (lake_make_parents(inside))
			return err_sys(ERR_CONFIG, "cannot make the lake's directory '%s'", inside);
	}
	if (!realpath(lake->dir, real))
		return err_sys(ERR_CONFIG, "cannot find the lake '%s'", lake->dir);
	lake->dir = mem_strdup(lake, real);
	return NULL;
}

struct err *
lake_init(struct lake *lake, const struct lake_kind *kind, const char *dir)
{
	lake->kind = kind;
	lake->work_fd = -1;
	lake->lock = mutex_new(lake);
	lake->dir = mem_strdup(lake, dir);
	return local_prepare(lake);
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
work_sweep(const char *dir)
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
work_destroy(struct lake *lake)
{
	remove_tree(lake->work);
	close(lake->work_fd);
	return 0;
}

/* A folder that others leave alone while we live.  The lock of .work keeps it from a sweep
 * between its birth and its own lock.  -1: errno. */
static int
work_make(struct lake *lake)
{
	AUTO_MEM char *dir = mem_printf(NULL, "%s/.work", lake->dir);
	char *work = mem_printf(lake, "%s/XXXXXX", dir);

	mkdir(dir, DIR_MODE);
	int all = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (all < 0)
		return -1;
	flock(all, LOCK_EX);
	work_sweep(dir);
	if (mkdtemp(work))
		lake->work_fd = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int bad = lake->work_fd < 0 || flock(lake->work_fd, LOCK_EX | LOCK_NB);
	close(all);
	if (bad)
		return -1;
	lake->work = work;
	mem_on_free(lake, work_destroy);
	return 0;
}

struct err *
lake_work_path(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key, char **path)
{
	const char *slash = strrchr(key, '/');

	TRY(lake_check_key(key));
	mutex_lock(lake->lock);
	int bad = lake->work ? 0 : work_make(lake);
	if (!bad)
		*path = mem_printf(mem, "%s/%u-%s", lake->work, lake->n_work++,
				   slash ? slash + 1 : key);
	mutex_unlock(lake->lock);
	return bad ? lake_error(lake, bucket, key, "begin", 0) : NULL;
}
