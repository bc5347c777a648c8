#include "view/logreader.h"

#include "base/mem.h"
#include "base/thread.h"
#include "base/time.h"
#include "lake/lake.h"
#include "local/env.h"
#include "view/feed.h"
#include "view/logbeside.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLICE_BYTES ((size_t)4 << 20) /* of the index, between two looks at what is asked */
#define LOOK_MS	    100
#define LIST_MS	    500
#define POST_MS	    50
#define RETRY_MS    1000
#define REST_MS	    3000
#define SAVE_PARTS  16

struct logreader {
	struct mailbox *mailbox;
	int kind;
	const char *profile, *config;
	struct thread *thread;
	int wake;
	struct mutex *lock; /* of what follows */
	struct log_ask wanted;
	bool ended;
	atomic_bool stop; /* something else is wanted */
	atomic_llong touched_ms;

	/* The thread's own. */
	struct log_ask ask; /* number 0: none yet */
	bool answered;
	long long at; /* the line that the last answer was about */
	long long run;
	char *root; /* of all runs' logs, NULL: not known yet */
	void *mem;  /* what belongs to the run */
	char *dir;  /* its logs' */
	struct logmerge *merge;
	const char **files; /* [n_files] in merge */
	size_t n_files;
	bool more;		  /* to be indexed */
	bool s3;		  /* others write logs there */
	struct logbeside *beside; /* mirrors them, or NULL */
	long long listed_ms, posted_ms;
	char *said;
	struct log_ask save;
	int save_fd; /* -1: none */
	size_t save_part;
};

/* --- the run and its files --- */

/* The embedded stack may come to be only now. */
static struct err *
root_find(struct logreader *r)
{
	AUTO_MEM void *tmp = mem_root();
	struct settings *settings;
	struct lake *lake;
	char *root;

	if (r->root)
		return NULL;
	TRY(local_settings(tmp, r->config, r->profile, &settings));
	TRY(lake_open(tmp, settings, &lake));
	TRY(lake_log_path(tmp, lake, "run-log", &root));
	r->root = mem_strdup(NULL, root);
	r->s3 = !strcmp(settings_get(settings, "lake"), "s3");
	return NULL;
}

static long long
newest_run(const char *root)
{
	DIR *d = opendir(root);
	long long newest = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		long long id = strtoll(e->d_name, NULL, 10);

		newest = id > newest ? id : newest;
	}
	if (d)
		closedir(d);
	return newest;
}

static void
run_leave(struct logreader *r)
{
	logbeside_stop(r->beside);
	r->beside = NULL;
	mem_free(r->mem);
	r->mem = NULL;
	r->merge = NULL;
	r->files = NULL;
	r->n_files = 0;
	r->more = false;
	r->run = r->listed_ms = 0;
	if (r->save_fd >= 0)
		close(r->save_fd);
	r->save_fd = -1;
}

static bool
file_known(const struct logreader *r, const char *name)
{
	for (size_t i = 0; i < r->n_files; i++) {
		if (!strcmp(r->files[i], name))
			return true;
	}
	return false;
}

/* "extract.a1.log" is wanted of task "extract". */
static bool
file_wanted(const struct logreader *r, const char *name)
{
	size_t n = strlen(name), task = strcspn(name, ".");

	if (*name == '.' || n < 5 || strcmp(name + n - 4, ".log") != 0 || file_known(r, name))
		return false;
	return !*r->ask.task || (strlen(r->ask.task) == task && !memcmp(name, r->ask.task, task));
}

struct found {
	char *name;
	long long written_us;
};

static int
found_compare(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->written_us != y->written_us)
		return x->written_us < y->written_us ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Those not known yet; tasks follow each other, so what was written first began first. */
static struct found *
files_new(void *mem, const struct logreader *r, size_t *n)
{
	DIR *d = opendir(r->dir);
	struct found *list = NULL;
	struct stat st;

	*n = 0;
	for (struct dirent *e; d && (e = readdir(d));) {
		if (!file_wanted(r, e->d_name) || fstatat(dirfd(d), e->d_name, &st, 0))
			continue;
		list = mem_grow(mem, list, struct found, *n + 1);
		list[(*n)++] =
			(struct found){ mem_strdup(mem, e->d_name),
					st.st_mtim.tv_sec * 1000000LL + st.st_mtim.tv_nsec / 1000 };
	}
	if (d)
		closedir(d);
	if (*n)
		qsort(list, *n, sizeof(*list), found_compare);
	return list;
}

/* What cannot be opened is passed over; it is no log. */
static bool
files_add(struct logreader *r)
{
	AUTO_MEM void *tmp = mem_root();
	size_t n;
	struct found *list = files_new(tmp, r, &n);

	for (size_t i = 0; i < n; i++) {
		const char *path = mem_printf(tmp, "%s/%s", r->dir, list[i].name);
		char *name = mem_strndup(tmp, list[i].name, strlen(list[i].name) - 4);

		err_free(logmerge_add(r->merge, name, path));
		r->files = mem_grow(r->mem, r->files, const char *, r->n_files + 1);
		r->files[r->n_files++] = mem_strdup(r->mem, list[i].name);
	}
	return n > 0;
}

/* Come to the run that is asked for; true where it has more or other files than before. */
static struct err *
run_enter(struct logreader *r, bool *changed)
{
	*changed = false;
	if (r->run && time_tick_ms() - r->listed_ms < LIST_MS)
		return NULL;
	TRY(root_find(r));
	long long run = r->ask.run ? r->ask.run : newest_run(r->root);
	if (!run)
		return err_new(ERR_NOTFOUND, "no run has left a log");
	if (run != r->run) {
		run_leave(r);
		r->mem = mem_root();
		r->run = run;
		r->dir = mem_printf(r->mem, "%s/%lld", r->root, run);
		r->merge = logmerge_new(r->mem, &r->stop);
		r->beside = r->s3 ? logbeside_start(r->config, r->profile, run) : NULL;
	}
	r->listed_ms = time_tick_ms();
	*changed = files_add(r);
	if (r->n_files)
		return NULL;
	return *r->ask.task ? err_new(ERR_NOTFOUND, "run %lld has no log of a task '%s'", run,
				      r->ask.task)
			    : err_new(ERR_NOTFOUND, "there is no log of a run %lld", run);
}

/* --- answers --- */

static long long
answer_find(struct logreader *r)
{
	const struct log_ask *a = &r->ask;

	switch (a->go) {
	case LOG_FIND:
	case LOG_FIND_BACK:
		return logmerge_find(r->merge, &a->filter, a->find, a->from, a->go == LOG_FIND);
	case LOG_FAULT:
	case LOG_FAULT_BACK:
		return logmerge_find(r->merge, &a->filter, NULL, a->from, a->go == LOG_FAULT);
	case LOG_TIME:
		return logmerge_at(r->merge, a->from);
	case LOG_AT:
	case LOG_END:
	case LOG_SAVE:
		break;
	}
	return a->from;
}

static void
save_begin(struct logreader *r)
{
	if (r->save_fd >= 0)
		return;
	r->save = r->ask;
	r->save_part = 0;
	r->save_fd = open(r->ask.find, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (r->save_fd >= 0)
		return;
	struct err *e = err_sys(ERR_DATA, "cannot make '%s'", r->ask.find);
	mem_free(r->said);
	r->said = err_text(NULL, e);
	err_free(e);
}

static void
save_go_on(struct logreader *r)
{
	struct err *e = NULL;
	bool more = true;

	for (int i = 0; i < SAVE_PARTS && more && !e; i++)
		e = logmerge_save(r->merge, &r->save.filter, &r->save_part, r->save_fd, &more);
	if (more && !e)
		return;
	mem_free(r->said);
	r->said = e ? err_text(NULL, e) : mem_printf(NULL, "saved to %s", r->save.find);
	err_free(e);
	close(r->save_fd);
	r->save_fd = -1;
}

/* What needs the whole index waits for it where the part so far has no answer. */
static void
answer(struct logreader *r)
{
	long long at;

	if (r->answered)
		return;
	if (r->ask.go == LOG_SAVE && !r->more)
		save_begin(r);
	at = answer_find(r);
	if (atomic_load(&r->stop) || (r->more && (at < 0 || r->ask.go == LOG_SAVE)))
		return;
	r->answered = true;
	r->at = at;
}

static void
post(struct logreader *r)
{
	struct feed_item *item = mem_new(NULL, struct feed_item);
	struct log_view *v = mem_new(item, struct log_view);
	size_t rows = (size_t)(r->ask.rows > 0 ? r->ask.rows : 1);
	long long around = r->at >= 0 ? r->at : r->ask.from;

	v->ask = r->ask;
	v->ask.number = r->answered ? r->ask.number : 0;
	v->run = r->run;
	v->at = r->at;
	v->said = r->said ? mem_strdup(v, r->said) : NULL;
	v->totals = *logmerge_totals(r->merge);
	v->sources = logmerge_sources(v, r->merge, &v->n_sources);
	if (r->ask.go == LOG_END)
		logmerge_tail(v, r->merge, &r->ask.filter, 3 * rows, &v->page);
	else
		logmerge_page(v, r->merge, &r->ask.filter, around, 2 * rows, 3 * rows, &v->page);
	if (r->ask.go == LOG_END)
		v->at = v->page.n ? v->page.rows[v->page.n - 1].n : -1;
	item->view = v;
	item->want.run = r->ask.run;
	snprintf(item->want.task, sizeof(item->want.task), "%s", r->ask.task);
	item->at_us = time_now_us();
	if (atomic_load(&r->stop)) /* half a page */
		mem_free(item);
	else
		mailbox_post(r->mailbox, r->kind, item);
	r->posted_ms = time_tick_ms();
}

static void
post_error(struct logreader *r, struct err *e)
{
	struct feed_item *item = mem_new(NULL, struct feed_item);
	const char *hint = err_hint_of(e);

	item->error = err_text(item, e);
	item->hint = hint ? mem_strdup(item, hint) : NULL;
	item->want.run = r->ask.run;
	snprintf(item->want.task, sizeof(item->want.task), "%s", r->ask.task);
	mailbox_post(r->mailbox, r->kind, item);
	err_free(e);
}

/* --- the thread --- */

static void
take_ask(struct logreader *r)
{
	mutex_lock(r->lock);
	bool fresh = r->wanted.number != r->ask.number;
	bool other = r->wanted.run != r->ask.run || strcmp(r->wanted.task, r->ask.task) != 0;
	r->ask = r->wanted;
	atomic_store(&r->stop, r->ended);
	mutex_unlock(r->lock);
	if (other)
		run_leave(r);
	if (fresh) {
		r->answered = false;
		if (r->said && r->save_fd < 0) {
			mem_free(r->said);
			r->said = NULL;
		}
	}
}

/* One look; gives how long to wait before the next. */
static int
work(struct logreader *r)
{
	bool changed;

	take_ask(r);
	struct err *e = run_enter(r, &changed);

	if (e) {
		post_error(r, e);
		run_leave(r);
		return RETRY_MS;
	}
	if (r->beside)
		logbeside_touch(r->beside);
	changed = logmerge_look(r->merge) || changed;
	bool news = changed || r->more;
	if (news)
		r->more = logmerge_index(r->merge, SLICE_BYTES);
	news = news && (!r->more || time_tick_ms() - r->posted_ms >= POST_MS);
	bool was_answered = r->answered;
	answer(r);
	bool saving = r->save_fd >= 0;
	if (saving)
		save_go_on(r);
	if (news || r->answered != was_answered || saving != (r->save_fd >= 0))
		post(r);
	return r->more || r->save_fd >= 0 ? 0 : LOOK_MS;
}

static void
rest(struct logreader *r, int ms)
{
	struct pollfd fd = { .fd = r->wake, .events = POLLIN };
	uint64_t n;

	if (ms && time_tick_ms() - atomic_load(&r->touched_ms) > REST_MS)
		ms = -1;
	if (poll(&fd, 1, ms) > 0)
		(void)!read(r->wake, &n, sizeof(n));
}

static struct err *
reader_main(void *arg)
{
	struct logreader *r = arg;

	for (;;) {
		mutex_lock(r->lock);
		bool ended = r->ended, asked = r->wanted.number != 0;
		mutex_unlock(r->lock);
		if (ended)
			break;
		rest(r, asked ? work(r) : -1);
	}
	run_leave(r);
	mem_free(r->said);
	mem_free(r->root);
	return NULL;
}

static void
reader_wake(const struct logreader *r)
{
	uint64_t one = 1;

	(void)!write(r->wake, &one, sizeof(one));
}

static int
reader_destroy(struct logreader *r)
{
	mutex_lock(r->lock);
	r->ended = true;
	atomic_store(&r->stop, true);
	mutex_unlock(r->lock);
	reader_wake(r);
	err_free(thread_join(r->thread));
	close(r->wake);
	return 0;
}

struct logreader *
logreader_start(void *mem, const struct settings *settings, const char *config,
		struct mailbox *mailbox, int kind)
{
	struct logreader *r = mem_new(mem, struct logreader);

	r->mailbox = mailbox;
	r->kind = kind;
	r->profile = mem_strdup(r, settings_profile(settings));
	r->config = config ? mem_strdup(r, config) : NULL;
	r->lock = mutex_new(r);
	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->save_fd = -1;
	atomic_store(&r->touched_ms, time_tick_ms());
	r->thread = thread_start(r, reader_main, r);
	mem_on_free(r, reader_destroy);
	return r;
}

void
logreader_ask(struct logreader *r, const struct log_ask *ask)
{
	atomic_store(&r->touched_ms, time_tick_ms());
	mutex_lock(r->lock);
	r->wanted = *ask;
	atomic_store(&r->stop, true);
	mutex_unlock(r->lock);
	reader_wake(r);
}

void
logreader_touch(struct logreader *r)
{
	if (time_tick_ms() - atomic_exchange(&r->touched_ms, time_tick_ms()) > REST_MS)
		reader_wake(r);
}
