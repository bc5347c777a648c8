#include "base/mem.h"
#include "remote/s3_call.h"

#include <stdatomic.h>

struct team {
	size_t n;
	s3_job *job;
	void *arg;
	_Atomic size_t next;
	atomic_bool failed;
};

struct member {
	struct team *team;
	struct s3 *mine;
};

static struct err *
work(void *arg)
{
	const struct member *m = arg;
	struct team *team = m->team;
	size_t i;

	while (!atomic_load(&team->failed) && (i = atomic_fetch_add(&team->next, 1)) < team->n) {
		struct err *e = team->job(m->mine, team->arg, i);

		if (e) {
			atomic_store(&team->failed, true);
			return e;
		}
	}
	return NULL;
}

/* Workers keep their connections from one transfer to the next. */
static struct err *
hire(struct s3 *s3, size_t n)
{
	struct s3_config config = s3->config;

	config.parallel = 1;
	while (s3->n_workers < n) {
		struct s3 *mine;

		TRY(s3_open(s3, &config, &mine));
		s3->workers = mem_grow(s3, s3->workers, struct s3 *, s3->n_workers + 1);
		s3->workers[s3->n_workers++] = mine;
	}
	return NULL;
}

struct err *
s3_each(struct s3 *s3, size_t n, s3_job *job, void *arg)
{
	AUTO_MEM void *tmp = mem_root();
	size_t many = n < (size_t)s3->config.parallel ? n : (size_t)s3->config.parallel;
	struct thread **threads = mem_array(tmp, struct thread *, many + 1);
	struct member *members = mem_array(tmp, struct member, many + 1);
	struct team team = { .n = n, .job = job, .arg = arg };
	struct err *first = NULL;

	if (many <= 1) {
		members[0] = (struct member){ &team, s3 };
		return work(&members[0]);
	}
	TRY(hire(s3, many));
	for (size_t i = 0; i < many; i++) {
		members[i] = (struct member){ &team, s3->workers[i] };
		threads[i] = thread_start(tmp, work, &members[i]);
	}
	for (size_t i = 0; i < many; i++)
		first = err_first(first, thread_join(threads[i]));
	return first;
}
