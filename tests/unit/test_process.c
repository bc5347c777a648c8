#include "base/process.h"

#include "base/alive.h"
#include "base/cancel.h"
#include "base/thread.h"
#include "base/time.h"
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct run_row {
	const char *name;
	const char *argv[4];
	const char *env[2];
	const char *input;
	const char *cwd;
	size_t max; /* of the answer; 0: 1000 */
	int timeout_ms;
	const char *want;
	const char *error;
	enum err_code code;
};

static const struct run_row run_rows[] = {
	{ .name = "says", .argv = { "echo", "a b" }, .want = "a b\n" },
	{ .name = "no shell", .argv = { "echo", "$HOME;" }, .want = "$HOME;\n" },
	{ .name = "hears", .argv = { "tr", "a", "b" }, .input = "banana", .want = "bbnbnb" },
	{ .name = "hears nothing", .argv = { "cat" }, .want = "" },
	{ .name = "does not listen", .argv = { "true" }, .input = "not read", .want = "" },
	{ .name = "environment",
	  .argv = { "sh", "-c", "echo $BIKEOPS_A-$BIKEOPS_B" },
	  .env = { "BIKEOPS_A=new" },
	  .want = "new-old\n" },
	{ .name = "folder", .argv = { "pwd" }, .cwd = "/usr", .want = "/usr\n" },
	{ .name = "no such folder",
	  .argv = { "pwd" },
	  .cwd = "/none",
	  .error = "cannot enter '/none': No such file or directory",
	  .code = ERR_REFUSED },
	{ .name = "no such program",
	  .argv = { "no-such-program" },
	  .error = "cannot run 'no-such-program': No such file or directory",
	  .code = ERR_NOTFOUND },
	{ .name = "fails",
	  .argv = { "sh", "-c", "exit 3" },
	  .error = "'sh' ended with status 3",
	  .code = ERR_REMOTE },
	{ .name = "its last words",
	  .argv = { "sh", "-c", "seq 6 >&2; exit 1" },
	  .error = "'sh' ended with status 1: 3 4 5 6",
	  .code = ERR_REMOTE },
	{ .name = "its last words of many",
	  .argv = { "sh", "-c", "seq 100000 >&2; exit 1" },
	  .error = "'sh' ended with status 1: 99997 99998 99999 100000",
	  .code = ERR_REMOTE },
	{ .name = "words of a good end",
	  .argv = { "sh", "-c", "echo e >&2; echo o" },
	  .want = "o\n" },
	{ .name = "killed",
	  .argv = { "sh", "-c", "kill -9 $$" },
	  .error = "'sh' was killed by signal 9",
	  .code = ERR_REMOTE },
	{ .name = "killed with words",
	  .argv = { "sh", "-c", "echo ow >&2; kill -9 $$" },
	  .error = "'sh' was killed by signal 9: ow",
	  .code = ERR_REMOTE },
	{ .name = "exactly enough", .argv = { "echo", "1234" }, .max = 5, .want = "1234\n" },
	{ .name = "says too much",
	  .argv = { "echo", "12345" },
	  .max = 5,
	  .error = "'echo' said more than 5 bytes",
	  .code = ERR_DATA },
	{ .name = "never stops talking",
	  .argv = { "yes" },
	  .max = 5,
	  .error = "'yes' said more than 5 bytes",
	  .code = ERR_DATA },
	{ .name = "never ends",
	  .argv = { "sh", "-c", "trap '' TERM; sleep 5; true" },
	  .timeout_ms = 1000,
	  .error = "'sh' did not end in 1 s",
	  .code = ERR_TIMEOUT },
	{ .name = "closes its output and never ends",
	  .argv = { "sh", "-c", "exec >&- 2>&-; exec sleep 5" },
	  .timeout_ms = 1000,
	  .error = "'sh' did not end in 1 s",
	  .code = ERR_TIMEOUT },
	{ .name = "ends in time", .argv = { "echo", "a" }, .timeout_ms = 5000, .want = "a\n" },
	{ .name = "closes its output and goes on",
	  .argv = { "sh", "-c", "echo a; exec >&- 2>&-; sleep 0.05" },
	  .want = "a\n" },
};

static void
runs(void **state)
{
	const struct run_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct process p = {
		.argv = row->argv,
		.env = row->env,
		.input = row->input,
		.cwd = row->cwd,
		.timeout_ms = row->timeout_ms,
	};
	struct strbuf out;
	struct err *e;

	strbuf_init(&out, tmp, row->max ? row->max : 1000);
	e = process_run(&p, &out);
	assert_int_equal(e ? e->code : 0, row->code);
	assert_err(e, row->error);
	if (row->want)
		assert_string_equal(out.s, row->want);
}

static void
long_input_and_answer(void **state)
{
	static const char *const argv[] = { "cat", NULL };
	AUTO_MEM void *tmp = mem_root();
	char *input = mem_array(tmp, char, 1000001);
	struct process p = { .argv = argv, .input = input };
	struct strbuf out;

	(void)state;
	memset(input, 'x', 1000000);
	strbuf_init(&out, tmp, 2000000);
	assert_err(process_run(&p, &out), NULL);
	assert_int_equal(out.len, 1000000);
	assert_err(process_run(&p, NULL), NULL);
}

/* Descriptors that a library left open do not reach the child. */
static void
only_three_descriptors(void **state)
{
	static const char script[] = "for n in 0 1 2 3 4 5 6 7 8 9 30; do "
				     "[ ! -e /proc/$$/fd/$n ] || echo $n; done";
	static const char *const argv[] = { "sh", "-c", script, NULL };
	AUTO_MEM void *tmp = mem_root();
	struct process p = { .argv = argv };
	int leaked = fcntl(STDERR_FILENO, F_DUPFD, 30);
	struct strbuf out;

	(void)state;
	strbuf_init(&out, tmp, 1000);
	assert_err(process_run(&p, &out), NULL);
	close(leaked);
	assert_string_equal(out.s, "0\n1\n2\n");
}

static void
other_user(void **state)
{
	static const struct process_user other = { 12345, 12346 };
	static const char *const argv[] = { "id", "-u", NULL };
	AUTO_MEM void *tmp = mem_root();
	struct process_user we = { geteuid(), getegid() };
	struct process p = { .argv = argv, .user = &other, .cwd = "/" };
	struct strbuf out;

	(void)state;
	strbuf_init(&out, tmp, 1000);
	if (geteuid() != 0) {
		assert_err(process_run(&p, &out), "cannot become user 12345 for 'id': "
						  "Operation not permitted");
	} else {
		assert_err(process_run(&p, &out), NULL);
		assert_string_equal(out.s, "12345\n");
		p.cwd = "/none";
		assert_err(process_run(&p, NULL), "user 12345 cannot enter '/none': "
						  "No such file or directory");
	}
	strbuf_reset(&out);
	p.cwd = NULL;
	p.user = &we;
	assert_err(process_run(&p, &out), NULL);
	assert_string_equal(out.s, mem_printf(tmp, "%ld\n", (long)geteuid()));
}

static struct err *
wait_for_end(pid_t pid)
{
	struct err *e = NULL;

	for (int i = 0; i < 500 && !e; i++) {
		e = process_ended("child", pid);
		time_sleep_ms(10);
	}
	return e;
}

static void
starts(void **state)
{
	static const char *const sleeps[] = { "sh", "-c", "echo up; sleep 100 & wait", NULL };
	static const char *const ends[] = { "true", NULL }, *const none[] = { "/none", NULL };
	struct process p = { .argv = sleeps };
	int log = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char text[8] = { 0 };
	pid_t pid;

	(void)state;
	assert_err(process_start(&p, log, &pid), NULL);
	assert_int_equal(getsid(pid), pid);
	assert_err(process_ended("child", pid), NULL);
	for (int i = 0; i < 500 && pread(log, text, 7, 0) < 3; i++)
		time_sleep_ms(10);
	assert_string_equal(text, "up\n");
	kill(-pid, SIGKILL);
	assert_err(wait_for_end(pid), "'child' was killed by signal 9");

	p.argv = ends;
	assert_err(process_start(&p, log, &pid), NULL);
	assert_err(wait_for_end(pid), "'child' ended");
	p.argv = none;
	assert_err(process_start(&p, log, &pid), "cannot run '/none': No such file or directory");
	close(log);
	assert_err(process_start(&p, log, &pid), "cannot run '/none': Bad file descriptor");
}

/* Must come last: a cancel stays. */
static struct err *
cancel_soon(void *arg)
{
	(void)arg;
	time_sleep_ms(100);
	cancel_request();
	return NULL;
}

static void
cancels(void **state)
{
	static const char *const parent[] = { "sh", "-c", "sleep 3; true", NULL };
	static const char *const says[] = { "echo", "a", NULL };
	static const char *const waits[] = { "sleep", "100", NULL };
	static const char *const closed[] = { "sh", "-c", "exec >&- 2>&-; exec sleep 100", NULL };
	struct process p = { .argv = waits };
	struct thread *thread;

	(void)state;
	cancel_init();
	thread = thread_start(NULL, cancel_soon, NULL);
	assert_err(process_run(&p, NULL), "cancelled");
	assert_err(thread_join(thread), NULL);
	p.argv = closed;
	assert_err(process_run(&p, NULL), "cancelled");
	p.argv = parent; /* what it started keeps its output */
	long long begun = time_tick_ms();
	assert_err(process_run(&p, NULL), "cancelled");
	assert_true(time_tick_ms() - begun < 2000);
	p.argv = says;
	p.deaf = true;
	assert_err(process_run(&p, NULL), NULL);
}

int
main(void)
{
	struct unit u = { 0 };

	setenv("BIKEOPS_A", "old", 1);
	setenv("BIKEOPS_B", "old", 1);
	signal(SIGPIPE, SIG_IGN);
	UNIT_ROWS(&u, runs, run_rows);
	UNIT(&u, long_input_and_answer);
	UNIT(&u, only_three_descriptors);
	UNIT(&u, other_user);
	UNIT(&u, starts);
	UNIT(&u, cancels);
	return unit_run(&u, "process");
}
