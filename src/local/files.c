#include "local/files.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <unistd.h>

#define SMALL_MAX 65536

/* Up to max bytes: the first, or the last ones from the begin of a line on. */
static struct err *
take(void *mem, int fd, const char *path, size_t max, bool last, char **text)
{
	char *data = mem_array(mem, char, max + 1);
	struct stat st = { 0 };
	off_t from = last && !fstat(fd, &st) && st.st_size > (off_t)max ? st.st_size - (off_t)max
									: 0;
	ssize_t n = pread(fd, data, max, from);
	char *line = from ? strchr(data, '\n') : NULL;

	if (n < 0)
		return err_sys(ERR_CONFIG, "cannot read '%s'", path);
	*text = line ? line + 1 : data;
	return NULL;
}

static struct err *
take_of(void *mem, const char *path, size_t max, bool last, char **text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(errno == ENOENT ? ERR_NOTFOUND : ERR_CONFIG, "cannot read '%s'",
			       path);
	struct err *e = take(mem, fd, path, max, last, text);
	close(fd);
	return e;
}

struct err *
file_read(void *mem, const char *path, char **text)
{
	return take_of(mem, path, SMALL_MAX, false, text);
}

struct err *
file_read_end(void *mem, const char *path, size_t max, char **text)
{
	return take_of(mem, path, max, true, text);
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

bool
file_put(int fd, const char *text, size_t n)
{
	while (n) {
		ssize_t done = write(fd, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		text += done;
		n -= (size_t)done;
	}
	return true;
}

struct err *
file_write(const char *path, const char *text)
{
	AUTO_MEM void *tmp = mem_root();
	const char *part = mem_printf(tmp, "%s.new", path);
	struct err *e = NULL;
	int fd;

	TRY(file_open(part, O_WRONLY | O_TRUNC, &fd));
	if (!file_put(fd, text, strlen(text)) || fsync(fd) || rename(part, path)) {
		e = err_sys(ERR_REFUSED, "cannot write '%s'", path);
		unlink(part);
	}
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
