#include "base/process.h"

#include "base/cancel.h"
#include "base/mem.h"
#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 8192 /* of stderr: enough for its last lines */

extern char **environ;

/* What kept the child from its program, sent through a pipe that exec closes. */
enum stage { STAGE_USER, STAGE_CWD, STAGE_EXEC };

struct failure {
	enum stage stage;
	int number;
};

static bool
same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strncmp(a, b, n + 1) == 0;
}

static bool
is_replaced(const char *entry, const char *const *env)
{
	for (; env && *env; env++)
		if (same_name(*env, entry))
			return true;
	return false;
}

static char **
environment(void *mem, const char *const *env)
{
	size_t n = 0, size = 1;

	for (char **e = environ; *e; e++)
		size++;
	for (const char *const *e = env; e && *e; e++)
		size++;
	char **all = mem_array(mem, char *, size);
	for (char **e = environ; *e; e++)
		if (!is_replaced(*e, env))
			all[n++] = *e;
	for (const char *const *e = env; e && *e; e++)
		all[n++] = mem_strdup(all, *e);
	return all;
}

static int
become(const struct process_user *user)
{
	if (!user || (user->uid == geteuid() && user->gid == getegid()))
		return 0;
	if (setgroups(1, &user->gid) || setgid(user->gid) || setuid(user->uid))
		return -1;
	return 0;
}

static void
default_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Between fork and exec in a program with threads: only async-signal-safe calls. */
static _Noreturn void
child(const struct process *p, char **env, const int fds[3], int failed_fd, bool dies_with_us)
{
	struct failure f = { .stage = STAGE_USER };

	for (int i = 0; i < 3; i++)
		dup2(fds[i], i);
	/* What a library opened without O_CLOEXEC stays ours. */
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	default_signals();
	if (become(p->user))
		goto failed;
	/* After setuid, which would clear it. */
	if (dies_with_us)
		prctl(PR_SET_PDEATHSIG, SIGTERM);
	else
		setsid();
	f.stage = STAGE_CWD;
	if (p->cwd && chdir(p->cwd))
		goto failed;
	f.stage = STAGE_EXEC;
	execvpe(p->argv[0], (char *const *)(uintptr_t)p->argv, env);
failed:
	f.number = errno;
	if (write(failed_fd, &f, sizeof(f)) < 0)
		_exit(126);
	_exit(127);
}

static struct err *
explain(const struct process *p, const struct failure *f)
{
	errno = f->number;
	switch (f->stage) {
	case STAGE_USER:
		return err_sys(ERR_REFUSED, "cannot become user %ld for '%s'", (long)p->user->uid,
			       p->argv[0]);
	case STAGE_CWD:
		return p->user ? err_sys(ERR_REFUSED, "user %ld cannot enter '%s'",
					 (long)p->user->uid, p->cwd)
			       : err_sys(ERR_REFUSED, "cannot enter '%s'", p->cwd);
	case STAGE_EXEC:
		break;
	}
	return err_sys(ERR_NOTFOUND, "cannot run '%s'", p->argv[0]);
}

/* Above 2, so that no dup2 in the child overwrites one that is still to be copied. */
static int
high(int fd)
{
	int up = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (fd >= 0)
		close(fd);
	return up;
}

static void
shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static struct err *
spawn(const struct process *p, const int fds[3], bool dies_with_us, pid_t *pid)
{
	AUTO_MEM void *tmp = mem_root();
	char **env = environment(tmp, p->env);
	struct failure f;
	int failed[2];
	ssize_t n;

	if (pipe2(failed, O_CLOEXEC))
		return err_sys(ERR_REMOTE, "cannot run '%s'", p->argv[0]);
	failed[1] = high(failed[1]);
	pid_t made = fork();
	if (made == 0)
		child(p, env, fds, failed[1], dies_with_us);
	shut(&failed[1]);
	if (made < 0) {
		shut(&failed[0]);
		return err_sys(ERR_REMOTE, "cannot run '%s'", p->argv[0]);
	}
	do
		n = read(failed[0], &f, sizeof(f));
	while (n < 0 && errno == EINTR);
	shut(&failed[0]);
	if (n == (ssize_t)sizeof(f)) {
		waitpid(made, NULL, 0);
		return explain(p, &f);
	}
	*pid = made;
	return NULL;
}

/* NULL for a good end; words  its last ones, or NULL. */
static struct err *
verdict(const char *name, int status, const char *words)
{
	struct err *e = words && *words ? err_new(ERR_REMOTE, "%s", words) : NULL;

	if (WIFSIGNALED(status) && e)
		return err_wrap(e, "'%s' was killed by signal %d", name, WTERMSIG(status));
	if (WIFSIGNALED(status))
		return err_new(ERR_REMOTE, "'%s' was killed by signal %d", name, WTERMSIG(status));
	if (WEXITSTATUS(status) && e)
		return err_wrap(e, "'%s' ended with status %d", name, WEXITSTATUS(status));
	if (WEXITSTATUS(status))
		return err_new(ERR_REMOTE, "'%s' ended with status %d", name, WEXITSTATUS(status));
	err_free(e);
	return NULL;
}

struct talk {
	struct process const *p;
	int in, out, err; /* our ends, -1 once closed */
	size_t sent;
	struct strbuf *answer;
	struct strbuf words;
	pid_t pid;
	int pid_fd;
	long long end_ms; /* 0: none */
	struct err *why;  /* it was told to end */
};

static void
feed(struct talk *t)
{
	size_t left = strlen(t->p->input) - t->sent;
	ssize_t n = write(t->in, t->p->input + t->sent, left);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0)
		t->sent += (size_t)n;
	/* EPIPE: it has heard enough; its exit status says whether that is well. */
	if (n < 0 || t->sent == strlen(t->p->input))
		shut(&t->in);
}

/* The last words matter, the first may go. */
static void
keep_tail(struct strbuf *words, const char *data, size_t n)
{
	if (words->len + n > WORDS_MAX) {
		AUTO_MEM void *tmp = mem_root();
		size_t keep = words->len < WORDS_MAX / 2 ? words->len : WORDS_MAX / 2;
		char *tail = mem_strndup(tmp, words->s + words->len - keep, keep);

		strbuf_reset(words);
		strbuf_str(words, tail);
	}
	strbuf_add(words, data, n);
}

static void
hear(struct talk *t, int *fd)
{
	char data[4096];
	ssize_t n = read(*fd, data, sizeof(data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0)
		shut(fd);
	else if (fd == &t->err)
		keep_tail(&t->words, data, (size_t)n);
	else if (t->answer)
		strbuf_add(t->answer, data, (size_t)n);
}

/* A program that floods us or that does not end has had its time to tidy up. */
static void
watch_over(struct talk *t)
{
	const char *name = t->p->argv[0];

	if (t->why)
		return;
	if (!t->p->deaf)
		t->why = cancel_check();
	if (t->why) {
		kill(t->pid, SIGTERM);
		return;
	}
	if (t->answer && t->answer->full)
		t->why = err_new(ERR_DATA, "'%s' said more than %zu bytes", name, t->answer->max);
	else if (t->end_ms && time_tick_ms() >= t->end_ms)
		t->why = err_new(ERR_TIMEOUT, "'%s' did not end in %d s", name,
				 t->p->timeout_ms / 1000);
	if (t->why)
		kill(t->pid, SIGKILL);
}

static int
wait_ms(const struct talk *t)
{
	long long left = t->end_ms - time_tick_ms();

	return t->why || !t->end_ms ? -1 : left > 0 ? (int)left : 0;
}

static int
told_by(const struct talk *t)
{
	return t->why || t->p->deaf ? -1 : cancel_fd();
}

static void
converse(struct talk *t)
{
	while (t->in >= 0 || t->out >= 0 || t->err >= 0) {
		struct pollfd fds[] = {
			{ .fd = t->out, .events = POLLIN },
			{ .fd = t->err, .events = POLLIN },
			{ .fd = t->in, .events = POLLOUT },
			{ .fd = told_by(t), .events = POLLIN },
			/* Told to end, its own children may keep its output open. */
			{ .fd = t->why ? t->pid_fd : -1, .events = POLLIN },
		};

		if ((poll(fds, 5, wait_ms(t)) < 0 && errno != EINTR) || fds[4].revents)
			return;
		watch_over(t);
		if (t->out >= 0 && fds[0].revents)
			hear(t, &t->out);
		if (t->err >= 0 && fds[1].revents)
			hear(t, &t->err);
		if (t->in >= 0 && fds[2].revents)
			feed(t);
	}
}

/* A child may close its output and go on: the cancel still has to reach it. */
static int
reap(struct talk *t)
{
	int status = 0;

	while (t->pid_fd >= 0) {
		struct pollfd fds[] = {
			{ .fd = t->pid_fd, .events = POLLIN },
			{ .fd = told_by(t), .events = POLLIN },
		};

		if (poll(fds, 2, wait_ms(t)) < 0 && errno != EINTR)
			break;
		watch_over(t);
		if (fds[0].revents)
			break;
	}
	shut(&t->pid_fd);
	while (waitpid(t->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

/* Its last four lines as one. */
static char *
last_words(void *mem, const struct strbuf *words)
{
	size_t end = words->len, start;
	int lines = 0;

	while (end > 0 && (words->s[end - 1] == '\n' || words->s[end - 1] == ' '))
		end--;
	for (start = end; start > 0; start--)
		if (words->s[start - 1] == '\n' && ++lines == 4)
			break;
	char *text = mem_strndup(mem, words->s + start, end - start);
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = ' ';
	return text;
}

static struct err *
judge(struct talk *t, int status)
{
	AUTO_MEM void *tmp = mem_root();

	return t->why ? t->why : verdict(t->p->argv[0], status, last_words(tmp, &t->words));
}

/* fds[0..2] become the child's, ours[0..2] stay here. */
static struct err *
open_pipes(int fds[3], int ours[3], bool with_input)
{
	for (int i = 0; i < 3; i++) {
		int ends[2] = { -1, -1 };

		if (i == 0 && !with_input)
			ends[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		else if (pipe2(ends, O_CLOEXEC))
			return err_sys(ERR_REMOTE, "cannot make a pipe");
		fds[i] = high(ends[i != 0]);
		ours[i] = high(ends[i == 0]);
		if (ours[i] >= 0)
			fcntl(ours[i], F_SETFL, O_NONBLOCK);
		if (fds[i] < 0)
			return err_sys(ERR_REMOTE, "cannot make a pipe");
	}
	return NULL;
}

struct err *
process_run(const struct process *p, struct strbuf *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct talk t = { .p = p, .in = -1, .out = -1, .err = -1, .pid_fd = -1, .answer = out };
	int fds[3] = { -1, -1, -1 }, ours[3] = { -1, -1, -1 };
	struct err *e = open_pipes(fds, ours, p->input && *p->input);

	strbuf_init(&t.words, tmp, 2 * WORDS_MAX);
	if (!e)
		e = spawn(p, fds, true, &t.pid);
	for (int i = 0; i < 3; i++)
		shut(&fds[i]);
	t.in = ours[0], t.out = ours[1], t.err = ours[2];
	if (!e) {
		t.pid_fd = (int)syscall(SYS_pidfd_open, t.pid, 0);
		t.end_ms = p->timeout_ms ? time_tick_ms() + p->timeout_ms : 0;
		converse(&t);
		e = judge(&t, reap(&t));
	}
	shut(&t.in);
	shut(&t.out);
	shut(&t.err);
	return e;
}

struct err *
process_start(const struct process *p, int log_fd, pid_t *pid)
{
	int null = high(open("/dev/null", O_RDONLY | O_CLOEXEC));
	int log = fcntl(log_fd, F_DUPFD_CLOEXEC, 3);
	struct err *e;

	if (null < 0 || log < 0)
		e = err_sys(ERR_REMOTE, "cannot run '%s'", p->argv[0]);
	else
		e = spawn(p, (int[3]){ null, log, log }, false, pid);
	shut(&null);
	shut(&log);
	return e;
}

struct err *
process_ended(const char *name, pid_t pid)
{
	int status;
	struct err *e;

	if (waitpid(pid, &status, WNOHANG) != pid)
		return NULL;
	e = verdict(name, status, NULL);
	return e ? e : err_new(ERR_REMOTE, "'%s' ended", name);
}
