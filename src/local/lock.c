#include "local/lock.h"

#include "base/cancel.h"
#include "base/mem.h"
#include "base/time.h"
#include "local/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_WAIT_MS 60000

struct lock {
	int fd;
};

static int
unlock(struct lock *l)
{
	close(l->fd);
	return 0;
}

static struct err *
lock_wait(int fd, const struct home *h, void (*waits)(void *arg), void *arg)
{
	long long end = time_tick_ms() + LOCK_WAIT_MS;

	for (bool told = false; flock(fd, LOCK_EX | LOCK_NB); told = true) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(ERR_LOCKED, "cannot lock '%s'", h->dir);
		if (time_tick_ms() > end)
			return err_hint(err_new(ERR_LOCKED, "'%s' is locked", h->dir),
					"another 'bikeops local' works on it: let it finish");
		if (!told)
			waits(arg);
		TRY(cancel_check());
		time_sleep_ms(20);
	}
	return NULL;
}

/* The one we waited for may have been 'destroy'. */
static struct err *
lock_lives(int fd, const struct home *h)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_nlink > 0)
		return NULL;
	return err_new(ERR_CONFLICT, "'%s' was destroyed meanwhile", h->dir);
}

struct err *
lock_take(void *mem, const struct home *h, void (*waits)(void *arg), void *arg, struct lock **out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *path = mem_printf(tmp, "%s/lock", h->dir);
	int fd;

	TRY(file_open(path, O_RDWR, &fd));
	struct err *e = lock_wait(fd, h, waits, arg);
	if (!e)
		e = lock_lives(fd, h);
	if (e) {
		close(fd);
		return e;
	}
	*out = mem_new(mem, struct lock);
	(*out)->fd = fd;
	mem_on_free(*out, unlock);
	return NULL;
}
