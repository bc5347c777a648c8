#include "view/feed.h"

#include "base/cancel.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/time.h"
#include "ledger/ledger.h"
#include "local/env.h"
#include "remote/pg.h"
#include "view/behind.h"
#include "view/counts.h"
#include "view/health.h"
#include "view/rejects.h"
#include "view/status.h"

#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define FEED_CONNECT_S 5
#define FEED_BUSY_MS   2000 /* while a run is at work: its process may die without a word */
#define FEED_IDLE_MS   5000
#define FEED_AGAIN_MS  2000 /* after a failure */
#define FEED_PAUSE_MS  100  /* many changes, one answer */
#define FEED_HEALTH_MS 30000
#define FEED_BEHIND_MS 30000 /* the source is asked no more often */
#define REJECTS_MAX    500

struct feed {
	struct mailbox *mailbox;
	const struct settings *first; /* the caller's, where they cannot be read again */
	struct settings *settings;    /* the ledger thread's */
	const char *profile, *config;
	struct mutex *lock; /* of what follows */
	struct feed_want want;
	bool probe;	     /* health was asked for */
	bool verify;	     /* so were the databases' own totals */
	bool behind;	     /* and how far it is behind: a run has ended */
	bool rejects;	     /* and the rows left out, which lie in the lake */
	long long behind_ms; /* when that was asked last: the slow thread's */
	long long probe_ms;  /* likewise health */
	bool busy;	     /* a run is at work: the ledger thread's */
	int wake_ledger, wake_slow;
};

/* --- posting --- */

static void
feed_wake(int fd)
{
	uint64_t one = 1;

	(void)!write(fd, &one, sizeof(one));
}

static struct feed_item *
feed_item(const struct feed_want *want)
{
	struct feed_item *item = mem_new(NULL, struct feed_item);

	item->asked_us = time_now_us();
	item->want = *want;
	return item;
}

static void
feed_fail(struct feed_item *item, const struct err *e)
{
	const char *hint = err_hint_of(e);

	item->error = err_text(item, e);
	item->hint = hint ? mem_strdup(item, hint) : NULL;
}

static void
feed_post(struct feed *f, enum feed_kind kind, struct feed_item *item)
{
	item->at_us = item->error ? 0 : time_now_us();
	mailbox_post(f->mailbox, (int)kind, item);
}

static void
feed_ask_slow(struct feed *f, bool *what)
{
	mutex_lock(f->lock);
	*what = true;
	mutex_unlock(f->lock);
	feed_wake(f->wake_slow);
}

/* What a run loaded is behind no more. */
static void
feed_busy(struct feed *f, bool busy)
{
	bool ended = f->busy && !busy;

	f->busy = busy;
	if (ended)
		feed_ask_slow(f, &f->behind);
}

static const struct settings *
feed_settings(const struct feed *f)
{
	return f->settings ? f->settings : f->first;
}

static struct err *
feed_fetch(void *mem, enum feed_kind kind, const struct feed_call *call, const void **view)
{
	bool past = *call->want->at && (FEED_OF_THEN & 1U << kind);

	if (past)
		TRY(ledger_at(call->ledger, call->want->at));
	struct err *e = feed_sources[kind]->fetch(mem, call, view);
	return past ? err_first(e, ledger_at(call->ledger, NULL)) : e;
}

/* A view that failed is told to the screen; only a session that is lost ends the round. */
static struct err *
feed_one(struct feed *f, struct ledger *l, enum feed_kind kind, const struct feed_want *want)
{
	struct feed_item *item = feed_item(want);
	struct feed_call call = { feed_settings(f), l, want };
	const void *view = NULL;
	struct err *e = feed_fetch(item, kind, &call, &view);

	if (e && (e->code == ERR_NET || e->code == ERR_TIMEOUT || e->code == ERR_CANCELLED)) {
		mem_free(item);
		return e;
	}
	if (e)
		feed_fail(item, e);
	else if (kind == FEED_STATUS)
		feed_busy(f, ((const struct status *)view)->now->n > 0);
	item->view = e ? NULL : view;
	err_free(e);
	feed_post(f, kind, item);
	return NULL;
}

/* --- the thread that asks the ledger --- */

static struct feed_want
feed_wanted(struct feed *f)
{
	mutex_lock(f->lock);
	struct feed_want want = f->want;
	mutex_unlock(f->lock);
	return want;
}

static struct err *
feed_round(struct feed *f, struct ledger *l)
{
	struct feed_want want = feed_wanted(f);

	TRY(feed_one(f, l, FEED_STATUS, &want));
	if (want.kinds & 1U << FEED_REJECTS)
		feed_ask_slow(f, &f->rejects);
	for (int kind = FEED_STATUS + 1; kind < FEED_KINDS; kind++) {
		if ((want.kinds & 1U << kind) && feed_sources[kind])
			TRY(feed_one(f, l, (enum feed_kind)kind, &want));
	}
	return NULL;
}

static void
feed_drain(int fd)
{
	uint64_t n;

	(void)!read(fd, &n, sizeof(n));
}

/* One session, as long as it lasts. */
static struct err *
feed_session(struct feed *f, struct ledger *l)
{
	bool told;

	for (;;) {
		TRY(feed_round(f, l));
		time_sleep_ms(FEED_PAUSE_MS);
		TRY(ledger_wait(l, f->wake_ledger, f->busy ? FEED_BUSY_MS : FEED_IDLE_MS, &told));
		feed_drain(f->wake_ledger);
	}
}

/* What can be told without the ledger; takes e. */
static void
feed_unreached(struct feed *f, struct err *e)
{
	struct feed_item *item = feed_item(&(struct feed_want){ 0 });
	struct status *s = mem_new(item, struct status);

	if (e->code != ERR_CONFIG)
		feed_fail(item, e);
	err_free(status_read(item, feed_settings(f), NULL, e, s));
	err_free(s->unreached); /* its text is the item's */
	s->unreached = NULL;
	item->view = s;
	feed_post(f, FEED_STATUS, item);
}

/* The embedded stack may have come to be, or moved. */
static void
feed_configure(struct feed *f)
{
	struct settings *fresh;
	struct err *e = local_settings(NULL, f->config, f->profile, &fresh);

	if (!e) {
		mem_free(f->settings);
		f->settings = fresh;
	}
	err_free(e);
}

static void
feed_wait(int fd, int ms)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = cancel_fd(), .events = POLLIN },
	};

	poll(fds, 2, ms);
	feed_drain(fd);
}

static struct err *
feed_ledger(void *arg)
{
	struct feed *f = arg;

	while (!cancel_requested()) {
		AUTO_MEM void *tmp = mem_root();
		struct ledger *l;

		feed_configure(f);
		struct err *e = ledger_open_watch(tmp, feed_settings(f), &l);
		if (!e)
			e = feed_session(f, l);
		if (cancel_requested()) {
			err_free(e);
			break;
		}
		feed_unreached(f, e);
		feed_wait(f->wake_ledger, FEED_AGAIN_MS);
	}
	mem_free(f->settings);
	return NULL;
}

/* --- the thread that asks what may take long: health, the lake, the databases' own totals --- */

struct feed_due {
	bool probe, verify, behind, rejects;
	struct feed_want want;
};

static bool
feed_old(long long asked_ms, int ms)
{
	return !asked_ms || time_tick_ms() - asked_ms >= ms;
}

static struct feed_due
feed_asked(struct feed *f)
{
	struct feed_due due;

	mutex_lock(f->lock);
	due.want = f->want;
	due.probe = f->probe ||
		    ((due.want.kinds & 1U << FEED_HEALTH) && feed_old(f->probe_ms, FEED_HEALTH_MS));
	due.verify = f->verify;
	due.rejects = f->rejects;
	due.behind = (due.want.kinds & 1U << FEED_BEHIND) &&
		     (f->behind || feed_old(f->behind_ms, FEED_BEHIND_MS));
	f->probe = f->verify = f->rejects = false;
	f->behind &= !due.behind;
	mutex_unlock(f->lock);
	return due;
}

static struct err *
feed_probe(struct feed_item *item, const struct settings *settings)
{
	struct health *h = mem_new(item, struct health);

	health_fetch(item, settings, HEALTH_TIMER, h);
	item->view = h;
	return NULL;
}

static struct err *
feed_verify(struct feed_item *item, const struct settings *settings)
{
	AUTO_MEM void *tmp = mem_root();
	struct counts *n = mem_new(item, struct counts);
	struct ledger *l;

	TRY(ledger_open_read(tmp, settings, &l));
	TRY(counts_fetch(item, settings, l, true, n));
	item->view = n;
	return NULL;
}

static struct err *
feed_behind(struct feed_item *item, const struct settings *settings)
{
	struct rows *r;

	TRY(behind_fetch(item, settings, NULL, &r));
	item->view = r;
	return NULL;
}

static struct err *
feed_rejects(struct feed_item *item, const struct settings *settings)
{
	AUTO_MEM void *tmp = mem_root();
	struct rejects *r = mem_new(item, struct rejects);
	struct ledger *l;

	TRY(ledger_open_read(tmp, settings, &l));
	if (*item->want.at)
		TRY(ledger_at(l, item->want.at));
	TRY(rejects_fetch(item, settings, l, item->want.run, REJECTS_MAX, r));
	item->view = r;
	return NULL;
}

static void
feed_slow(struct feed *f, enum feed_kind kind, const struct feed_want *want,
	  struct err *(*fetch)(struct feed_item *item, const struct settings *settings))
{
	struct feed_item *item = feed_item(want);
	struct settings *settings;
	struct err *e = local_settings(item, f->config, f->profile, &settings);

	if (!e)
		e = fetch(item, settings);
	if (e)
		feed_fail(item, e);
	err_free(e);
	feed_post(f, kind, item);
}

static struct err *
feed_slow_main(void *arg)
{
	const struct feed_want any = { 0 };
	struct feed *f = arg;

	while (!cancel_requested()) {
		struct feed_due due = feed_asked(f);

		if (due.rejects)
			feed_slow(f, FEED_REJECTS, &due.want, feed_rejects);
		if (due.behind) {
			feed_slow(f, FEED_BEHIND, &any, feed_behind);
			f->behind_ms = time_tick_ms();
		}
		if (due.verify)
			feed_slow(f, FEED_VERIFIED, &any, feed_verify);
		if (due.probe) {
			feed_slow(f, FEED_HEALTH, &any, feed_probe);
			f->probe_ms = time_tick_ms();
		}
		feed_wait(f->wake_slow, FEED_HEALTH_MS);
	}
	return NULL;
}

/* --- the caller's side --- */

struct feed *
feed_start(void *mem, const struct settings *settings, const char *config, struct mailbox *mailbox)
{
	struct feed *f = mem_new(mem, struct feed);

	pg_hurry(FEED_CONNECT_S);
	f->mailbox = mailbox;
	f->first = settings;
	f->profile = mem_strdup(f, settings_profile(settings));
	f->config = config;
	f->lock = mutex_new(f);
	f->wake_ledger = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->wake_slow = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	thread_leave(feed_ledger, f);
	thread_leave(feed_slow_main, f);
	return f;
}

void
feed_want(struct feed *f, const struct feed_want *want)
{
	mutex_lock(f->lock);
	f->want = *want;
	f->verify |= want->live;
	f->probe |= (want->kinds & 1U << FEED_HEALTH) != 0;
	mutex_unlock(f->lock);
	feed_wake(f->wake_ledger);
	if (want->live || (want->kinds & (1U << FEED_HEALTH | 1U << FEED_BEHIND)))
		feed_wake(f->wake_slow);
}

void
feed_refresh(struct feed *f, bool probe)
{
	mutex_lock(f->lock);
	f->probe |= probe;
	f->behind = true;
	mutex_unlock(f->lock);
	feed_wake(f->wake_ledger);
	if (probe)
		feed_wake(f->wake_slow);
}
