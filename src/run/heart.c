#include "run/heart.h"

#include "base/cancel.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/time.h"

#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define HEART_TICK_MS 500
#define HEART_STEPS   32

struct heart {
	struct progress progress; /* first: what tasks call */
	const struct settings *settings;
	long long run;
	struct thread *thread;
	int stop; /* eventfd */

	struct mutex *lock; /* of all below */
	const char *task;
	int attempt;
	int before; /* steps of earlier tasks: ordinals go on */
	struct ledger_step steps[HEART_STEPS];
	size_t n;
	struct ledger_step expected[HEART_STEPS]; /* name and total */
	size_t n_expected;
};

/* --- what tasks tell --- */

static struct ledger_step *
heart_step(struct heart *h, const char *name)
{
	for (size_t i = 0; i < h->n; i++) {
		if (!strcmp(h->steps[i].name, name))
			return &h->steps[i];
	}
	if (h->n == HEART_STEPS)
		return &h->steps[h->n - 1];
	struct ledger_step *s = &h->steps[h->n];
	*s = (struct ledger_step){ .name = mem_strdup(h, name),
				   .ordinal = h->before + (int)h->n,
				   .state = "running",
				   .started_us = time_now_us() };
	h->n++;
	return s;
}

void
heart_expect(struct heart *h, const char *step, long long rows)
{
	mutex_lock(h->lock);
	if (h->n_expected < HEART_STEPS)
		h->expected[h->n_expected++] =
			(struct ledger_step){ .name = mem_strdup(h, step), .total = rows };
	mutex_unlock(h->lock);
}

static long long
heart_total(const struct heart *h, const char *step)
{
	for (size_t i = 0; i < h->n_expected; i++) {
		if (!strcmp(h->expected[i].name, step))
			return h->expected[i].total;
	}
	return -1;
}

static void
heart_tell(struct progress *p, const char *step, long long rows, long long bytes, long long total)
{
	struct heart *h = (struct heart *)p;

	mutex_lock(h->lock);
	struct ledger_step *s = heart_step(h, step);
	s->rows = rows;
	s->bytes = bytes;
	s->total = total < 0 ? heart_total(h, step) : total;
	s->ended_us = time_now_us();
	mutex_unlock(h->lock);
}

/* A note stays where it is until the heart stops: a copy of the steps may have it. */
static void
heart_note(struct progress *p, const char *step, const char *text)
{
	struct heart *h = (struct heart *)p;

	mutex_lock(h->lock);
	struct ledger_step *s = heart_step(h, step);
	if (!s->note || strcmp(s->note, text))
		s->note = mem_strdup(h, text);
	s->ended_us = time_now_us();
	mutex_unlock(h->lock);
}

/* A step runs until the last word of it; the newest one until its task ends. */
static void
heart_copy(void *mem, struct heart *h, const char *last_state, struct ledger_step **steps,
	   size_t *n)
{
	mutex_lock(h->lock);
	*n = h->n;
	*steps = mem_memdup(mem, h->steps, (h->n + 1) * sizeof(h->steps[0]));
	mutex_unlock(h->lock);
	for (size_t i = 0; i < *n; i++) {
		struct ledger_step *s = &(*steps)[i];

		s->state = i + 1 == *n ? last_state : "ok";
		if (!strcmp(s->state, "running"))
			s->ended_us = 0;
	}
}

void
heart_task(struct heart *h, const char *task, int attempt)
{
	mutex_lock(h->lock);
	h->before += (int)h->n;
	h->n = 0;
	h->task = task;
	h->attempt = attempt;
	mutex_unlock(h->lock);
}

void
heart_steps(void *mem, struct heart *h, bool failed, struct ledger_step **steps, size_t *n)
{
	heart_copy(mem, h, failed ? "failed" : "ok", steps, n);
}

struct progress *
heart_progress(struct heart *h)
{
	return &h->progress;
}

/* --- the thread --- */

static void
heart_show(void *mem, const struct ledger_step *s)
{
	long long ms = (time_now_us() - s->started_us) / 1000;
	long long rate = ms > 0 ? s->rows * 1000 / ms : 0;
	char *text = mem_printf(mem, "%s  %s", s->name, time_duration(mem, ms));

	if (s->rows > 0)
		text = mem_printf(mem, "%s  %lld rows  %lld/s", text, s->rows, rate);
	if (s->total > s->rows && rate > 0)
		text = mem_printf(mem, "%s  %lld %%  ETA %s", text, s->rows * 100 / s->total,
				  time_duration(mem, (s->total - s->rows) * 1000 / rate));
	if (s->note)
		text = mem_printf(mem, "%s  %s", text, s->note);
	log_status(text);
}

static struct err *
heart_tick(struct heart *h, struct ledger *l)
{
	AUTO_MEM void *tmp = mem_root();
	struct ledger_step *steps;
	size_t n;
	bool cancel = false;

	heart_copy(tmp, h, "running", &steps, &n);
	if (n)
		heart_show(tmp, &steps[n - 1]);
	TRY(ledger_steps(l, h->run, h->attempt, steps, n));
	TRY(ledger_beat(l, h->run, &cancel));
	if (cancel)
		cancel_request();
	return NULL;
}

/* The lease is a courtesy: a ledger that does not answer stops no run. */
static struct err *
heart_main(void *arg)
{
	struct heart *h = arg;
	AUTO_MEM void *tmp = mem_root();
	struct pollfd stop = { .fd = h->stop, .events = POLLIN };
	struct ledger *l = NULL;
	bool warned = false;

	while (poll(&stop, 1, HEART_TICK_MS) == 0) {
		struct err *e = l ? NULL : ledger_open(tmp, h->settings, true, &l);

		if (!e)
			e = heart_tick(h, l);
		if (!e)
			continue;
		if (!warned)
			log_warn("the run goes on without its ledger: %s", err_text(tmp, e));
		warned = true;
		err_free(e);
		mem_free(l);
		l = NULL;
	}
	return NULL;
}

static int
heart_destroy(struct heart *h)
{
	close(h->stop);
	return 0;
}

struct heart *
heart_start(void *mem, const struct settings *settings, long long run)
{
	struct heart *h = mem_new(mem, struct heart);

	h->progress.tell = heart_tell;
	h->progress.note = heart_note;
	h->settings = settings;
	h->run = run;
	h->lock = mutex_new(h);
	h->stop = eventfd(0, EFD_CLOEXEC);
	mem_on_free(h, heart_destroy);
	h->thread = thread_start(h, heart_main, h);
	return h;
}

void
heart_stop(struct heart *h)
{
	uint64_t one = 1;

	(void)!write(h->stop, &one, sizeof(one));
	err_free(thread_join(h->thread));
	mem_free(h);
}
