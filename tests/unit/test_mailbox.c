#include "base/mailbox.h"

#include "base/thread.h"
#include "unit.h"

#include <poll.h>

#define KINDS 3
#define POSTS 1000

static bool
readable(const struct mailbox *box)
{
	struct pollfd fd = { .fd = mailbox_fd(box), .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

static int *
number(int n)
{
	int *message = mem_new(NULL, int);

	*message = n;
	return message;
}

static void
check_take(struct mailbox *box, int kind, int n)
{
	int got;
	int *message = mailbox_take(box, &got);

	assert_non_null(message);
	assert_int_equal(got, kind);
	assert_int_equal(*message, n);
	mem_free(message);
}

static void
keeps_the_newest(void **state)
{
	AUTO_MEM void *mem = mem_root();
	struct mailbox *box = mailbox_new(mem, KINDS);
	int kind;

	(void)state;
	assert_false(readable(box));
	mailbox_post(box, 2, number(1));
	mailbox_post(box, 0, number(2));
	mailbox_post(box, 2, number(3));
	assert_true(readable(box));
	check_take(box, 0, 2);
	check_take(box, 2, 3);
	assert_true(readable(box)); /* until it was seen to be empty */
	assert_null(mailbox_take(box, &kind));
	assert_false(readable(box));
}

static int freed;

static int
count_freed(int *message)
{
	freed += *message;
	return 0;
}

/* What a newer one replaced, and what nobody took. */
static void
frees(void **state)
{
	struct mailbox *box = mailbox_new(NULL, KINDS);

	(void)state;
	for (int i = 0; i < 2; i++) {
		int *message = number(1 + 10 * i);

		mem_on_free(message, count_freed);
		mailbox_post(box, 1, message);
	}
	assert_int_equal(freed, 1);
	mem_free(box);
	assert_int_equal(freed, 12);
}

static struct err *
post_many(void *arg)
{
	for (int i = 1; i <= POSTS; i++)
		mailbox_post(arg, i % KINDS, number(i));
	return NULL;
}

/* From two threads, none is lost but for a newer one of its kind. */
static void
takes_from_threads(void **state)
{
	AUTO_MEM void *mem = mem_root();
	struct mailbox *box = mailbox_new(mem, KINDS);
	struct thread *a = thread_start(mem, post_many, box),
		      *b = thread_start(mem, post_many, box);
	static const int want[KINDS] = { 999, 1000, 998 };
	int kind, last[KINDS] = { 0 };
	int *message;

	(void)state;
	assert_null(thread_join(a));
	assert_null(thread_join(b));
	while ((message = mailbox_take(box, &kind)) != NULL) {
		last[kind] = *message;
		mem_free(message);
	}
	for (int i = 0; i < KINDS; i++)
		assert_int_equal(last[i], want[i]);
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT(&u, keeps_the_newest);
	UNIT(&u, frees);
	UNIT(&u, takes_from_threads);
	return unit_run(&u, "mailbox");
}
