#include "view/logreader.h"

#include "base/time.h"
#include "unit.h"
#include "view/feed.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define AT     "2026-07-15T14:00:"
#define WAIT_S 10

static char dir[] = "/tmp/bikeops-test-logreader-XXXXXX";

static void
put(const char *name, const char *text, int flags)
{
	AUTO_MEM void *tmp = mem_root();
	int fd = open(mem_printf(tmp, "%s/lake/log/run-log/%s", dir, name),
		      O_WRONLY | O_CREAT | flags, 0600);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

struct reading {
	struct mailbox *mailbox;
	struct logreader *reader;
	struct log_ask ask;
};

static struct reading
reading_start(void *mem)
{
	AUTO_MEM void *tmp = mem_root();
	const char *conf = mem_printf(tmp, "%s/conf", dir);
	struct settings *settings;
	struct reading r = { .mailbox = mailbox_new(mem, FEED_KINDS) };

	assert_err(settings_load(tmp, conf, NULL, &settings), NULL);
	/* A child of its mailbox would end after it. */
	r.reader = logreader_start(NULL, settings, conf, r.mailbox, FEED_LOGS);
	r.ask = (struct log_ask){ .filter = { .level = LOG_DEBUG }, .rows = 10 };
	return r;
}

static void
ask(struct reading *r, enum log_go go, long long from, const char *find)
{
	r->ask.number++;
	r->ask.go = go;
	r->ask.from = from;
	snprintf(r->ask.find, sizeof(r->ask.find), "%s", find);
	logreader_ask(r->reader, &r->ask);
}

/* "run at: text, text | said" of the next post, or its error */
static char *
post_text(void *mem, const struct feed_item *item)
{
	const struct log_view *v = item->view;
	struct strbuf out;

	if (!v)
		return mem_printf(mem, "%s", item->error);
	strbuf_init(&out, mem, 1 << 16);
	strbuf_printf(&out, "%lld %lld:", v->run, v->at);
	for (size_t i = 0; i < v->page.n; i++)
		strbuf_printf(&out, " %s", v->page.rows[i].text);
	if (v->said)
		strbuf_printf(&out, " | %s", v->said);
	return out.s;
}

/* Posts until one is want; gives the last. */
static char *
posted(void *mem, struct reading *r, const char *want)
{
	long long end = time_tick_ms() + WAIT_S * 1000;
	struct pollfd fd = { .fd = mailbox_fd(r->mailbox), .events = POLLIN };
	char *text = mem_strdup(mem, "nothing");

	while (strcmp(text, want) != 0 && time_tick_ms() < end) {
		struct feed_item *item;
		int kind;

		poll(&fd, 1, 100);
		while ((item = mailbox_take(r->mailbox, &kind)) != NULL) {
			text = post_text(mem, item);
			mem_free(item);
		}
	}
	return text;
}

#define assert_posted(r, want) assert_text(posted(tmp, (r), (want)), (want))

static void
answers(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct reading r = reading_start(tmp);
	char *saved = mem_printf(tmp, "%s/saved", dir);
	char *said = mem_printf(tmp, "7 0: a b c new | saved to %s", saved);
	char text[1000] = "";

	(void)state;
	put("7/extract.a1.log", AT "01Z info a\n" AT "03Z error c\n", O_TRUNC);
	put("7/transform.a1.log", AT "02Z info b\n", O_TRUNC);
	ask(&r, LOG_END, 0, "");
	assert_posted(&r, "7 2: a b c");
	put("7/load_staging.a1.log", AT "04Z info new\n", O_TRUNC);
	assert_posted(&r, "7 3: a b c new");
	ask(&r, LOG_FIND_BACK, 3, "b");
	assert_posted(&r, "7 1: a b c new");
	ask(&r, LOG_FAULT, 0, "");
	assert_posted(&r, "7 2: a b c new");
	ask(&r, LOG_FIND, 0, "nowhere");
	assert_posted(&r, "7 -1: a b c new");
	ask(&r, LOG_SAVE, 0, saved);
	assert_posted(&r, said);
	int fd = open(saved, O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_text(text, "2026-07-15T14:00:01Z info    extract          a\n"
			  "2026-07-15T14:00:02Z info    transform        b\n"
			  "2026-07-15T14:00:03Z error   extract          c\n"
			  "2026-07-15T14:00:04Z info    load_staging     new\n");
	snprintf(r.ask.task, sizeof(r.ask.task), "transform");
	ask(&r, LOG_END, 0, "");
	assert_posted(&r, "7 0: b");
	mem_free(r.reader);
}

static void
refuses(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct reading r = reading_start(tmp);

	(void)state;
	r.ask.run = 8;
	ask(&r, LOG_END, 0, "");
	assert_posted(&r, "there is no log of a run 8");
	r.ask.run = 7;
	snprintf(r.ask.task, sizeof(r.ask.task), "publish");
	ask(&r, LOG_END, 0, "");
	assert_posted(&r, "run 7 has no log of a task 'publish'");
	mem_free(r.reader);
}

static void
make(void)
{
	static const char *const parts[] = { "lake", "lake/log", "lake/log/run-log",
					     "lake/log/run-log/7" };
	AUTO_MEM void *tmp = mem_root();

	assert_non_null(mkdtemp(dir));
	setenv("BIKEOPS_HOME", dir, 1);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(mkdir(mem_printf(tmp, "%s/%s", dir, parts[i]), 0700), 0);
	FILE *conf = fopen(mem_printf(tmp, "%s/conf", dir), "we");
	assert_non_null(conf);
	fprintf(conf, "[profile local]\nlake_dir = %s/lake\n", dir);
	fclose(conf);
}

static int
take_away(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

int
main(void)
{
	struct unit u = { 0 };

	make();
	UNIT(&u, answers);
	UNIT(&u, refuses);
	int status = unit_run(&u, "logreader");
	nftw(dir, take_away, 8, FTW_DEPTH | FTW_PHYS);
	return status;
}
