#include "base/thread.h"

#include "base/mem.h"

#include <pthread.h>
#include <signal.h>

struct thread {
	pthread_t id;
	struct err *(*job)(void *arg);
	void *arg;
};

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
thread_create(void *(*main)(void *), struct thread *t)
{
	sigset_t all, old;
	pthread_t id;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&id, NULL, main, t))
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
thread_left(void *p)
{
	AUTO_MEM struct thread *t = p;

	err_free(t->job(t->arg));
	return NULL;
}

void
thread_leave(struct err *(*job)(void *arg), void *arg)
{
	struct thread *t = mem_new(NULL, struct thread);

	t->job = job;
	t->arg = arg;
	pthread_detach(thread_create(thread_left, t));
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
