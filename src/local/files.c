#include "local/files.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <unistd.h>

#define SMALL_MAX 65536

struct err *
file_read(void *mem, const char *path, char **text)
{
	char data[SMALL_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(errno == ENOENT ? ERR_NOTFOUND : ERR_CONFIG, "cannot read '%s'",
			       path);
	ssize_t n = read(fd, data, sizeof(data));
	if (n < 0) {
		struct err *e = err_sys(ERR_CONFIG, "cannot read '%s'", path);

		close(fd);
		return e;
	}
	close(fd);
	*text = mem_strndup(mem, data, (size_t)n);
	return NULL;
}

/* Root makes what the home's owner, too, must be able to change. */
static bool
give_to_owner(int fd, const char *path)
{
	AUTO_MEM void *tmp = mem_root();
	struct stat st;

	if (geteuid() != 0)
		return true;
	return stat(mem_strndup(tmp, path, (size_t)(strrchr(path, '/') - path)), &st) == 0 &&
	       fchown(fd, st.st_uid, st.st_gid) == 0;
}

struct err *
file_open(const char *path, int flags, int *out)
{
	int fd = open(path, flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0 && give_to_owner(fd, path)) {
		*out = fd;
		return NULL;
	}
	struct err *e = err_sys(ERR_REFUSED, "cannot open '%s'", path);
	if (fd >= 0)
		close(fd);
	return e;
}

struct err *
file_write(const char *path, const char *text)
{
	AUTO_MEM void *tmp = mem_root();
	const char *part = mem_printf(tmp, "%s.new", path);
	ssize_t n = (ssize_t)strlen(text);
	struct err *e = NULL;
	int fd;

	TRY(file_open(part, O_WRONLY | O_TRUNC, &fd));
	if (write(fd, text, strlen(text)) != n || fsync(fd) || rename(part, path))
		e = err_sys(ERR_REFUSED, "cannot write '%s'", path);
	close(fd);
	return e;
}

struct err *
dir_make(const char *path, mode_t mode)
{
	AUTO_MEM void *tmp = mem_root();
	char *p = mem_strdup(tmp, path);

	for (char *slash = strchr(p + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(p, 0755) && errno != EEXIST && errno != EROFS && errno != EACCES)
			return err_sys(ERR_REFUSED, "cannot make '%s'", p);
		*slash = '/';
	}
	if (mkdir(p, mode) == 0)
		return chmod(p, mode) ? err_sys(ERR_REFUSED, "cannot make '%s'", p) : NULL;
	if (errno != EEXIST)
		return err_sys(ERR_REFUSED, "cannot make '%s'", p);
	return access(p, W_OK) ? err_sys(ERR_REFUSED, "cannot write in '%s'", p) : NULL;
}

bool
dir_is_empty(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *entry;
	bool empty = d != NULL;

	while (empty && (entry = readdir(d)))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	if (d)
		closedir(d);
	return empty;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

struct err *
tree_remove(const char *path)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) && errno != ENOENT)
		return err_sys(ERR_REFUSED, "cannot remove '%s'", path);
	return NULL;
}

static _Thread_local long long used_bytes;

static int
add_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)path, (void)at;
	if (kind != FTW_NS)
		used_bytes += st->st_blocks * 512LL;
	return 0;
}

long long
tree_bytes(const char *path)
{
	used_bytes = 0;
	nftw(path, add_one, 16, FTW_PHYS);
	return used_bytes;
}
