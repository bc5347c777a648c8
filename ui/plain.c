#include "base/cancel.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/thread.h"
#include "base/time.h"
#include "ui/main.h"
#include "ui/said.h"
#include "view/feed.h"
#include "view/status.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
plain_say(struct said *said, const char *name, const char *state, const char *more)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf sb;

	if (!said_changed(said, name, state))
		return;
	strbuf_init(&sb, tmp, 8192);
	text_safe(&sb, mem_printf(tmp, "%s %s: %s%s%s", time_iso(tmp, time_now_us()), name, state,
				  more && *more ? ", " : "", more ? more : ""));
	puts(sb.s);
}

static void
plain_run(struct said *said, const struct rows *r)
{
	AUTO_MEM void *tmp = mem_root();
	const char *error = rows_get(r, 0, "error");

	plain_say(said, mem_printf(tmp, "run %s %s", rows_get(r, 0, "run"), rows_get(r, 0, "mode")),
		  rows_get(r, 0, "state"), error ? error : rows_get(r, 0, "note"));
}

/* What to do: about the run at work where there is one. */
static const char *
plain_next(const struct status *s)
{
	const struct rows *r = s->now && s->now->n ? s->now : s->last;
	const char *hint = r && r->n ? rows_get(r, 0, "hint") : NULL;

	return hint ? hint : s->next;
}

/* first: the column of the name, "task" or "step". */
static void
plain_parts(struct said *said, const struct rows *r, const char *run, const char *first)
{
	for (size_t i = 0; r && i < r->n; i++) {
		AUTO_MEM void *tmp = mem_root();
		const char *name =
			mem_printf(tmp, "run %s %s %s", run, first, rows_get(r, i, first));
		bool task = !strcmp(first, "task");

		plain_say(said, name, rows_get(r, i, "state"),
			  task ? rows_get(r, i, "error")
			       : mem_printf(tmp, "%s rows", rows_get(r, i, "rows")));
	}
}

static void
plain_status(struct said *said, const struct feed_item *item)
{
	const struct status *s = item->view;

	plain_say(said, "ledger", item->error || !s ? "unreachable" : s->state, item->error);
	if (!s)
		return;
	if (s->last && s->last->n)
		plain_run(said, s->last);
	if (s->now && s->now->n) {
		plain_run(said, s->now);
		plain_parts(said, s->tasks, rows_get(s->now, 0, "run"), "task");
		plain_parts(said, s->steps, rows_get(s->now, 0, "run"), "step");
	}
	if (plain_next(s))
		plain_say(said, "next", plain_next(s), NULL);
	said_round(said);
}

/* The end of input ends it, and a reader that is gone. */
static bool
plain_wait(int fd)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = cancel_fd(), .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = STDOUT_FILENO, .events = 0 },
	};
	char line[256];

	poll(fds, 4, -1);
	if (fds[1].revents || fds[3].revents)
		return false;
	if (!fds[2].revents)
		return true;
	ssize_t n = read(STDIN_FILENO, line, sizeof(line));
	return n > 0 && *line != 'q' && *line != 'Q';
}

struct err *
console_plain(const struct console_options *options)
{
	AUTO_MEM void *mem = mem_root();
	struct said *said = said_new(mem);
	struct mailbox *box = mailbox_new(mem, FEED_KINDS);
	int kind;

	feed_start(mem, options->settings, options->config, box);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("bikeops, profile %s: a line for every event; q and Enter quits\n",
	       settings_profile(options->settings));
	while (plain_wait(mailbox_fd(box))) {
		struct feed_item *item;

		while ((item = mailbox_take(box, &kind)) != NULL) {
			if (kind == FEED_STATUS)
				plain_status(said, item);
			mem_free(item);
		}
	}
	cancel_request();
	fflush(stdout);
	if (!thread_end_left(CONSOLE_END_MS))
		_exit(0);
	return NULL;
}
