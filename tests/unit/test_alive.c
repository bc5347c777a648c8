#include "base/alive.h"
#include "unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define REST " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 22\n"

struct stat_row {
	const char *name;
	const char *line;
	long long want;
};

static const struct stat_row stat_rows[] = {
	{ "a plain name", "12 (sh) S" REST, 4711 },
	{ "a name with a space", "12 (a b) R" REST, 4711 },
	{ "a name with parentheses", "12 (a) S 1 (b)) S" REST, 4711 },
	{ "a zombie", "12 (sh) Z" REST, -1 },
	{ "a dead one", "12 (sh) X" REST, -1 },
	{ "cut short", "12 (sh) S 1 2 3", -1 },
	{ "no name", "12 S 1", -1 },
	{ "nothing", "", -1 },
	{ "ends after the name", "12 (sh)", -1 },
	{ "ends before the state", "12 (sh) ", -1 },
	{ "no number", "12 (sh) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 x", -1 },
};

static void
stat_ticks(void **state)
{
	const struct stat_row *row = *state;

	assert_int_equal(process_stat_ticks(row->line), row->want);
}

static void
ourselves(void **state)
{
	long long start = process_start_ticks(getpid());

	(void)state;
	assert_true(start > 0);
	assert_true(process_alive(getpid(), start));
	assert_false(process_alive(getpid(), start - 1));
	assert_false(process_alive(0, start));
	assert_false(process_alive(-1, -1));
}

static void
a_child_that_ended(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (!pid)
		pause();
	long long start = process_start_ticks(pid);
	assert_true(process_alive(pid, start));
	kill(pid, SIGKILL);
	siginfo_t info;
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	assert_false(process_alive(pid, start)); /* a zombie */
	waitpid(pid, NULL, 0);
	assert_false(process_alive(pid, start));
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, stat_ticks, stat_rows);
	UNIT(&u, ourselves);
	UNIT(&u, a_child_that_ended);
	return unit_run(&u, "alive");
}
