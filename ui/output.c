#include "ui/output.h"

#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#define CHUNK 16384

/*
 * tty     a description of the terminal of our own, that never blocks; where there is none, the
 *         shell's, which we may not change, and which blocks
 * kept    a file in memory: what is not sent yet lies behind sent
 * curses  what curses writes to: the terminal, or kept while a frame is drawn
 */
static struct {
	int tty, kept, curses, shell;
	off_t sent, size;
} out = { -1, -1, -1, -1, 0, 0 };

/* The same terminal as stdout's? */
static bool
output_same(int fd)
{
	unsigned ours = 0, theirs = 1;

	return !ioctl(fd, TIOCGDEV, &ours) && !ioctl(STDOUT_FILENO, TIOCGDEV, &theirs) &&
	       ours == theirs;
}

static int
output_own(void)
{
	static const char *const paths[] = { "/dev/tty", "/proc/self/fd/1" };

	for (size_t i = 0; i < 2; i++) {
		int fd = open(paths[i], O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

		if (fd >= 0 && output_same(fd))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

FILE *
output_open(void)
{
	out.tty = output_own();
	out.kept = memfd_create("frame", MFD_CLOEXEC);
	out.shell = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	out.curses = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (out.tty < 0 || out.kept < 0 || out.shell < 0 || out.curses < 0)
		return NULL;
	return fdopen(out.curses, "w");
}

void
output_close(void)
{
	close(out.tty);
	close(out.kept);
	close(out.shell);
	out.tty = out.kept = out.shell = -1;
}

void
output_begin(void)
{
	dup3(out.kept, out.curses, O_CLOEXEC);
}

void
output_end(void)
{
	dup3(out.shell, out.curses, O_CLOEXEC);
	out.size = lseek(out.kept, 0, SEEK_END);
	output_send();
}

void
output_add(const char *bytes, size_t n)
{
	while (n) {
		ssize_t done = write(out.kept, bytes, n);

		if (done <= 0)
			break;
		bytes += done;
		n -= (size_t)done;
	}
	out.size = lseek(out.kept, 0, SEEK_END);
	output_send();
}

bool
output_waits(void)
{
	return out.sent < out.size;
}

int
output_fd(void)
{
	return out.tty;
}

static void
output_forget(void)
{
	out.sent = out.size = 0;
	lseek(out.kept, 0, SEEK_SET);
	(void)!ftruncate(out.kept, 0);
}

void
output_send(void)
{
	char chunk[CHUNK];
	ssize_t n, done;

	while ((n = pread(out.kept, chunk, sizeof(chunk), out.sent)) > 0) {
		done = write(out.tty, chunk, (size_t)n);
		if (done < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (done < 0) /* it is gone: the next poll tells */
			break;
		out.sent += done;
	}
	output_forget();
}

void
output_drain(int ms)
{
	long long end = time_tick_ms() + ms, left;

	while (output_waits() && (left = end - time_tick_ms()) > 0) {
		struct pollfd fd = { .fd = out.tty, .events = POLLOUT };

		poll(&fd, 1, (int)left);
		output_send();
	}
	if (!output_waits())
		return;
	output_forget();
	tcflush(out.tty, TCOFLUSH);
}

void
output_last(const char *bytes, size_t n)
{
	(void)!write(out.tty >= 0 ? out.tty : STDOUT_FILENO, bytes, n);
}
