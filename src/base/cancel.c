#include "base/cancel.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static atomic_bool requested;
static int event = -1;

static void
on_signal(int sig)
{
	int before = errno;

	(void)sig;
	cancel_request();
	errno = before;
}

void
cancel_init(void)
{
	/* The second signal ends the program at once. */
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void
cancel_request(void)
{
	uint64_t one = 1;

	atomic_store(&requested, true);
	if (event >= 0)
		(void)!write(event, &one, sizeof(one));
}

bool
cancel_requested(void)
{
	return atomic_load(&requested);
}

int
cancel_fd(void)
{
	return event;
}

struct err *
cancel_check(void)
{
	return cancel_requested() ? err_new(ERR_CANCELLED, "cancelled") : NULL;
}
