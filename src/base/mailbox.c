#include "base/mailbox.h"

#include "base/mem.h"
#include "base/thread.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
	int fd;
	int kinds;
	struct mutex *lock;
	void **waiting; /* [kinds] */
};

static int
mailbox_destroy(struct mailbox *box)
{
	for (int i = 0; i < box->kinds; i++)
		mem_free(box->waiting[i]);
	close(box->fd);
	return 0;
}

struct mailbox *
mailbox_new(void *mem, int kinds)
{
	struct mailbox *box = mem_new(mem, struct mailbox);

	box->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (box->fd < 0)
		abort();
	box->kinds = kinds;
	box->lock = mutex_new(box);
	box->waiting = mem_array(box, void *, kinds);
	mem_on_free(box, mailbox_destroy);
	return box;
}

void
mailbox_post(struct mailbox *box, int kind, void *message)
{
	uint64_t one = 1;

	mutex_lock(box->lock);
	void *old = box->waiting[kind];
	box->waiting[kind] = message;
	(void)!write(box->fd, &one, sizeof(one));
	mutex_unlock(box->lock);
	mem_free(old);
}

void *
mailbox_take(struct mailbox *box, int *kind)
{
	void *message = NULL;
	uint64_t n;

	mutex_lock(box->lock);
	for (int i = 0; i < box->kinds && !message; i++) {
		message = box->waiting[i];
		box->waiting[i] = NULL;
		*kind = i;
	}
	if (!message)
		(void)!read(box->fd, &n, sizeof(n));
	mutex_unlock(box->lock);
	return message;
}

int
mailbox_fd(const struct mailbox *box)
{
	return box->fd;
}
