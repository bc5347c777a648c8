#include "base/thread.h"

#include "base/mem.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define LEFT_LOOK_MS 5

struct thread {
	pthread_t id;
	struct err *(*job)(void *arg);
	void *arg;
};

/* One that nobody waits for. */
struct left {
	pthread_t id;
	struct err *(*job)(void *arg);
	void *arg;
	atomic_bool over;
	struct left *next;
};

static pthread_mutex_t left_lock = PTHREAD_MUTEX_INITIALIZER;
static struct left *left; /* those that were not joined yet */

struct mutex {
	pthread_mutex_t lock;
};

static void *
thread_main(void *p)
{
	struct thread *t = p;

	return t->job(t->arg);
}

static pthread_t
thread_create(void *(*main)(void *), void *arg)
{
	static const int faults[] = THREAD_FAULTS;
	sigset_t all, old;
	pthread_t id;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&all, faults[i]);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&id, NULL, main, arg))
		abort();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return id;
}

struct thread *
thread_start(void *mem, struct err *(*job)(void *arg), void *arg)
{
	struct thread *t = mem_new(mem, struct thread);

	t->job = job;
	t->arg = arg;
	t->id = thread_create(thread_main, t);
	return t;
}

static void *
left_main(void *p)
{
	struct left *t = p;

	err_free(t->job(t->arg));
	atomic_store(&t->over, true);
	return NULL;
}

static void
left_reap(void)
{
	for (struct left **at = &left; *at;) {
		struct left *t = *at;

		if (!atomic_load(&t->over)) {
			at = &t->next;
			continue;
		}
		pthread_join(t->id, NULL);
		*at = t->next;
		mem_free(t);
	}
}

void
thread_leave(struct err *(*job)(void *arg), void *arg)
{
	struct left *t = mem_new(NULL, struct left);

	t->job = job;
	t->arg = arg;
	pthread_mutex_lock(&left_lock);
	left_reap();
	t->id = thread_create(left_main, t);
	t->next = left;
	left = t;
	pthread_mutex_unlock(&left_lock);
}

bool
thread_end_left(int ms)
{
	bool all = false;

	for (; !all && ms >= 0; ms -= LEFT_LOOK_MS) {
		pthread_mutex_lock(&left_lock);
		left_reap();
		all = !left;
		pthread_mutex_unlock(&left_lock);
		if (!all)
			poll(NULL, 0, LEFT_LOOK_MS);
	}
	return all;
}

struct err *
thread_join(struct thread *t)
{
	void *result;

	if (pthread_join(t->id, &result))
		abort();
	mem_free(t);
	return result;
}

static int
mutex_destroy(struct mutex *m)
{
	pthread_mutex_destroy(&m->lock);
	return 0;
}

struct mutex *
mutex_new(void *mem)
{
	struct mutex *m = mem_new(mem, struct mutex);

	pthread_mutex_init(&m->lock, NULL);
	mem_on_free(m, mutex_destroy);
	return m;
}

struct mutex *
mutex_shared(struct mutex **slot)
{
	static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&one_at_a_time);
	if (!*slot)
		*slot = mutex_new(NULL);
	struct mutex *m = *slot;
	pthread_mutex_unlock(&one_at_a_time);
	return m;
}

void
mutex_lock(struct mutex *m)
{
	pthread_mutex_lock(&m->lock);
}

void
mutex_unlock(struct mutex *m)
{
	pthread_mutex_unlock(&m->lock);
}
