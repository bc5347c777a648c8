#include "view/logfile.h"

#include "base/mem.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW ((size_t)64 << 10)

struct logfile {
	const char *path;
	int fd;
	struct stat st;
	char *window; /* [room + 1] bytes of the file from offset at; NUL behind the last */
	size_t room, len;
	off_t at;
};

static int
logfile_destroy(struct logfile *f)
{
	close(f->fd);
	return 0;
}

/* Without waiting for the writer of a fifo that lies there. */
static struct err *
file_open(const char *path, int *fd, struct stat *st)
{
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd < 0)
		return err_sys(ERR_NOTFOUND, "cannot open '%s'", path);
	if (!fstat(*fd, st) && S_ISREG(st->st_mode))
		return NULL;
	close(*fd);
	return err_new(ERR_DATA, "'%s' is no file", path);
}

struct err *
logfile_open(void *mem, const char *path, struct logfile **out)
{
	struct stat st;
	int fd;

	TRY(file_open(path, &fd, &st));
	struct logfile *f = mem_new(mem, struct logfile);
	f->path = mem_strdup(f, path);
	f->fd = fd;
	f->st = st;
	mem_on_free(f, logfile_destroy);
	*out = f;
	return NULL;
}

static enum logfile_change
logfile_replaced(struct logfile *f)
{
	struct stat st;
	int fd;
	struct err *e = file_open(f->path, &fd, &st);

	f->len = 0;
	if (e) {
		err_free(e);
		f->st.st_size = 0;
		return LOGFILE_OTHER;
	}
	close(f->fd);
	f->fd = fd;
	f->st = st;
	return LOGFILE_OTHER;
}

enum logfile_change
logfile_look(struct logfile *f)
{
	struct stat st;

	if (stat(f->path, &st) || st.st_ino != f->st.st_ino || st.st_dev != f->st.st_dev)
		return logfile_replaced(f);
	off_t before = f->st.st_size;
	f->st = st;
	if (st.st_size == before)
		return LOGFILE_SAME;
	f->len = 0;
	return st.st_size > before ? LOGFILE_GROWN : LOGFILE_OTHER;
}

off_t
logfile_size(const struct logfile *f)
{
	return f->st.st_size;
}

long long
logfile_written_us(const struct logfile *f)
{
	return f->st.st_mtim.tv_sec * 1000000LL + f->st.st_mtim.tv_nsec / 1000;
}

/* Have want bytes from at on in the window, or what there is of them. */
static void
window_fill(struct logfile *f, off_t at, size_t want)
{
	ssize_t n;

	if (want > f->room) {
		f->window = mem_grow(f, f->window, char, want + 1);
		f->room = want;
	}
	f->at = at;
	f->len = 0;
	while (f->len < want &&
	       (n = pread(f->fd, f->window + f->len, want - f->len, at + (off_t)f->len)) > 0)
		f->len += (size_t)n;
	f->window[f->len] = '\0';
}

/* Bytes of the window from at on. */
static size_t
window_has(const struct logfile *f, off_t at)
{
	off_t end = f->at + (off_t)f->len;

	return at >= f->at && at < end ? (size_t)(end - at) : 0;
}

bool
logfile_line(struct logfile *f, off_t at, off_t end, struct logfile_line *out)
{
	size_t max = at < end ? (size_t)(end - at) : 0, want = WINDOW, n = window_has(f, at);
	const char *stop = NULL;
	bool all = false;

	max = max < LOGFILE_LINE_MAX ? max : LOGFILE_LINE_MAX;
	for (;; n = f->len) {
		n = n < max ? n : max;
		stop = n ? memchr(f->window + (at - f->at), '\n', n) : NULL;
		if (stop || n == max || all)
			break;
		window_fill(f, at, want);
		all = f->len < want;
		want *= 4;
	}
	if (!n)
		return false;
	out->text = f->window + (at - f->at);
	out->len = stop ? (size_t)(stop - out->text) : n;
	out->next = at + (off_t)out->len + (stop ? 1 : 0);
	return true;
}

off_t
logfile_begin(struct logfile *f, off_t at)
{
	struct logfile_line line;

	if (at <= 0)
		return 0;
	return logfile_line(f, at - 1, f->st.st_size, &line) ? line.next : f->st.st_size;
}
