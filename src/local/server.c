#include "local/server.h"

#include "base/cancel.h"
#include "base/mem.h"
#include "base/time.h"
#include "local/files.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB	      (1024LL * 1024)
#define START_BYTES   (32 * MIB) /* two WAL segments: less and recovery itself fails */
#define LOG_BYTES     (16 * MIB)
#define LOG_TAIL      4096
#define START_WAIT_MS 300000 /* recovery after a crash takes its time */
#define STOP_WAIT_MS  60000
#define ORPHANS_MS    10000 /* a killed server's sessions are gone by then */

/* Line n of text, counted from 0; NULL where there are fewer. */
static const char *
line_at(const char *text, int n)
{
	while (n-- > 0) {
		text = strchr(text, '\n');
		if (!text)
			return NULL;
		text++;
	}
	return text;
}

static bool
same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

/* A process id is used again: is it postgres -D DATA?  Anybody may read cmdline, unlike cwd. */
static bool
serves(pid_t pid, const char *data)
{
	char path[64], args[8192];
	bool named = false;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, args, sizeof(args) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	args[n] = '\0';
	const char *slash = strrchr(args, '/');
	if (strcmp(slash ? slash + 1 : args, "postgres") != 0)
		return false;
	for (const char *arg = args; arg < args + n; arg += strlen(arg) + 1) {
		if (named)
			return same_file(arg, data);
		named = strcmp(arg, "-D") == 0;
	}
	return false;
}

/* postmaster.pid: the process id first, its state in line 8. */
static pid_t
recorded_pid(const struct home *h, bool *ready)
{
	AUTO_MEM void *tmp = mem_root();
	char *text;
	struct err *e = file_read(tmp, mem_printf(tmp, "%s/postmaster.pid", h->data), &text);

	*ready = false;
	if (e) {
		err_free(e);
		return 0;
	}
	const char *state = line_at(text, 7);
	*ready = state && strncmp(state, "ready", 5) == 0;
	long pid = strtol(text, NULL, 10);
	return pid > 1 ? (pid_t)pid : 0;
}

struct server_state
server_look(const struct home *h)
{
	struct server_state s;

	s.pid = recorded_pid(h, &s.ready);
	if (s.pid == 0 || !serves(s.pid, h->data))
		return (struct server_state){ 0 };
	return s;
}

static int
loopback_socket(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int yes = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 1) == 0)
		return fd;
	int why = errno;
	close(fd);
	errno = why;
	return -1;
}

struct err *
server_free_port(int *port)
{
	struct sockaddr_in a = { 0 };
	socklen_t size = sizeof(a);
	int fd = loopback_socket(0);

	if (fd < 0 || getsockname(fd, (struct sockaddr *)&a, &size)) {
		struct err *e = err_sys(ERR_REFUSED, "cannot find a free port on 127.0.0.1");

		if (fd >= 0)
			close(fd);
		return e;
	}
	close(fd);
	*port = ntohs(a.sin_port);
	return NULL;
}

struct err *
server_check_port(const struct home *h)
{
	int fd = loopback_socket(h->port);

	if (fd >= 0) {
		close(fd);
		return NULL;
	}
	if (errno != EADDRINUSE)
		return err_sys(ERR_REFUSED, "cannot listen on port %d of 127.0.0.1", h->port);
	return err_hint(
		err_new(ERR_REFUSED, "port %d on 127.0.0.1 is taken by another program", h->port),
		"end that program, or let another port be chosen: 'bikeops local up "
		"--port 0'");
}

/*
 * PostgreSQL itself forgives files of a dead process, but not when a living
 * one, of the same user, has the number now, nor an empty file, as a power cut
 * leaves it.  Called when ours does not run.
 */
static void
forget_crash(const struct home *h)
{
	AUTO_MEM void *tmp = mem_root();
	const char *socket = mem_printf(tmp, "%s/.s.PGSQL.%d", h->run, h->port);
	bool ready;
	pid_t pid = recorded_pid(h, &ready);

	if (!pid || kill(pid, 0) == 0)
		unlink(mem_printf(tmp, "%s/postmaster.pid", h->data));
	unlink(mem_printf(tmp, "%s.lock", socket));
	unlink(socket);
}

/* At each start, one older log is kept. */
static void
limit_log(const struct home *h)
{
	AUTO_MEM void *tmp = mem_root();
	struct stat st;

	if (stat(h->log, &st) == 0 && st.st_size > LOG_BYTES &&
	    rename(h->log, mem_printf(tmp, "%s.1", h->log)))
		unlink(h->log);
}

/* What the server said since from, its FATAL and PANIC lines or else all of it. */
static char *
log_since(void *mem, const struct home *h, off_t from)
{
	char *text = mem_array(mem, char, LOG_TAIL + 1);
	int fd = open(h->log, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : pread(fd, text, LOG_TAIL, from);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	char *fatal = strstr(text, "FATAL:");
	if (!fatal)
		fatal = strstr(text, "PANIC:");
	if (!fatal)
		fatal = text;
	for (char *c = fatal; *c; c++)
		if (*c == '\n')
			*c = c[1] ? ' ' : '\0';
	return fatal;
}

static struct err *
wait_until(const struct home *h, pid_t child)
{
	long long end = time_tick_ms() + START_WAIT_MS;

	while (!server_look(h).ready) {
		if (child)
			TRY(process_ended("postgres", child));
		else if (server_look(h).pid == 0)
			return err_new(ERR_REMOTE, "'postgres' ended");
		if (time_tick_ms() > end)
			return err_new(ERR_TIMEOUT, "it does not answer after %d s",
				       START_WAIT_MS / 1000);
		TRY(cancel_check());
		time_sleep_ms(10);
	}
	return NULL;
}

static struct err *
start_once(const struct home *h, const struct postgres *pg, const struct process_user *user,
	   int log)
{
	AUTO_MEM void *tmp = mem_root();
	const char *argv[] = { mem_printf(tmp, "%s/postgres", pg->bin),
			       "-D",
			       h->data,
			       "-c",
			       "listen_addresses=127.0.0.1",
			       "-c",
			       mem_printf(tmp, "port=%d", h->port),
			       "-c",
			       mem_printf(tmp, "unix_socket_directories=\"%s\"", h->run),
			       "-c",
			       "unix_socket_permissions=0700",
			       NULL };
	const char *env[] = { "LC_ALL=C", NULL };
	struct process p = { .argv = argv, .env = env, .cwd = h->dir, .user = user };
	pid_t pid;

	forget_crash(h);
	TRY(process_start(&p, log, &pid));
	return wait_until(h, pid);
}

static struct err *
start_logged(const struct home *h, const struct postgres *pg, const struct process_user *user,
	     int log)
{
	AUTO_MEM void *tmp = mem_root();
	long long end = time_tick_ms() + ORPHANS_MS;

	for (;;) {
		off_t from = lseek(log, 0, SEEK_END);
		struct err *e = start_once(h, pg, user, log);
		const char *words = e ? log_since(tmp, h, from) : "";

		/* Sessions of a killed server still hold its memory: they are about to end. */
		if (!e || e->code != ERR_REMOTE)
			return e;
		if (!strstr(words, "is still in use") || time_tick_ms() > end) {
			e = err_first(*words ? err_new(ERR_REMOTE, "%s", words) : NULL, e);
			return err_hint(home_explain_full(h, e, START_BYTES), "read '%s'", h->log);
		}
		err_free(e);
		time_sleep_ms(100);
	}
}

struct err *
server_start(const struct home *h, const struct postgres *pg, const struct process_user *user)
{
	struct err *e;
	int log;

	TRY(home_check_free(h, START_BYTES));
	limit_log(h);
	TRY(file_open(h->log, O_RDWR | O_APPEND, &log));
	e = start_logged(h, pg, user, log);
	close(log);
	return e ? err_wrap(e, "cannot start PostgreSQL") : NULL;
}

struct err *
server_wait_ready(const struct home *h)
{
	struct err *e = wait_until(h, 0);

	return e ? err_hint(err_wrap(e, "cannot wait for PostgreSQL"), "read '%s'", h->log) : NULL;
}

struct err *
server_stop(const struct home *h)
{
	long long end = time_tick_ms() + STOP_WAIT_MS;
	struct server_state s = server_look(h);

	if (s.pid && kill(s.pid, SIGINT))
		return err_sys(ERR_REFUSED, "cannot stop PostgreSQL, process %ld", (long)s.pid);
	for (; server_look(h).pid; time_sleep_ms(10)) {
		TRY(cancel_check());
		if (time_tick_ms() > end)
			return err_hint(err_new(ERR_TIMEOUT,
						"PostgreSQL, process %ld, has not stopped after "
						"%d s",
						(long)s.pid, STOP_WAIT_MS / 1000),
					"read '%s'", h->log);
	}
	return NULL;
}
