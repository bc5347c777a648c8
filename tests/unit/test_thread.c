#include "base/thread.h"

#include "base/cancel.h"
#include "base/time.h"
#include "unit.h"

#include <poll.h>
#include <signal.h>

static struct err *
square(void *arg)
{
	int *n = arg;

	if (*n < 0)
		return err_new(ERR_DATA, "%d is negative", *n);
	*n *= *n;
	return NULL;
}

static void
joins(void **state)
{
	int numbers[] = { 3, -4, 5 };
	struct thread *threads[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		threads[i] = thread_start(NULL, square, &numbers[i]);
	assert_err(thread_join(threads[0]), NULL);
	assert_err(thread_join(threads[1]), "-4 is negative");
	assert_err(thread_join(threads[2]), NULL);
	assert_int_equal(numbers[0], 9);
	assert_int_equal(numbers[1], -4);
	assert_int_equal(numbers[2], 25);
}

struct counter {
	struct mutex *mutex;
	int n;
};

static struct err *
count(void *arg)
{
	struct counter *c = arg;

	for (int i = 0; i < 10000; i++) {
		mutex_lock(c->mutex);
		c->n++;
		mutex_unlock(c->mutex);
	}
	return NULL;
}

static void
excludes(void **state)
{
	struct counter c = { .mutex = mutex_new(NULL) };
	struct thread *threads[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		threads[i] = thread_start(c.mutex, count, &c);
	for (int i = 0; i < 4; i++)
		assert_err(thread_join(threads[i]), NULL);
	assert_int_equal(c.n, 40000);
	mem_free(c.mutex);
}

static struct err *
signal_mask(void *arg)
{
	return pthread_sigmask(SIG_BLOCK, NULL, arg) ? err_new(ERR_REMOTE, "no mask") : NULL;
}

static void
signals_stay_with_the_caller(void **state)
{
	sigset_t inside, outside;

	(void)state;
	assert_err(thread_join(thread_start(NULL, signal_mask, &inside)), NULL);
	assert_err(signal_mask(&outside), NULL);
	assert_int_equal(sigismember(&inside, SIGTERM), 1);
	assert_int_equal(sigismember(&outside, SIGTERM), 0);
}

static void
cancels(void **state)
{
	struct pollfd fd;
	long long start;

	(void)state;
	assert_int_equal(cancel_fd(), -1);
	cancel_init();
	fd = (struct pollfd){ .fd = cancel_fd(), .events = POLLIN };
	assert_false(cancel_requested());
	assert_err(cancel_check(), NULL);
	assert_int_equal(poll(&fd, 1, 0), 0);

	raise(SIGTERM);
	assert_true(cancel_requested());
	assert_int_equal(poll(&fd, 1, 0), 1);
	assert_int_equal(poll(&fd, 1, 0), 1);
	struct err *e = cancel_check();
	assert_non_null(e);
	assert_int_equal(e->code, ERR_CANCELLED);
	assert_err(e, "cancelled");

	start = time_tick_ms();
	time_sleep_ms(10000);
	assert_true(time_tick_ms() - start < 5000);
}

static struct err *
sleeps(void *arg)
{
	poll(NULL, 0, *(int *)arg);
	return NULL;
}

/* Those that nobody waits for, at the end. */
static void
ends_what_was_left(void **state)
{
	int short_ms = 10, long_ms = 700;

	(void)state;
	assert_true(thread_end_left(0));
	for (int i = 0; i < 5; i++)
		thread_leave(sleeps, &short_ms);
	assert_true(thread_end_left(5000));
	thread_leave(sleeps, &long_ms);
	thread_leave(sleeps, &short_ms);
	long long start = time_tick_ms();
	assert_false(thread_end_left(100));
	assert_true(time_tick_ms() - start < 600);
	assert_true(thread_end_left(5000));
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT(&u, joins);
	UNIT(&u, excludes);
	UNIT(&u, signals_stay_with_the_caller);
	UNIT(&u, ends_what_was_left);
	UNIT(&u, cancels);
	return unit_run(&u, "thread");
}
