#include "ui/main.h"

#include "base/cancel.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/time.h"
#include "ui/console.h"
#include "ui/output.h"
#include "ui/terminal.h"
#include "ui/theme.h"
#include "view/status.h"

#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <wchar.h>

#define BUSY_WAIT_MS 100 /* a slow terminal is asked again after this */
#define TICK_MS	     1000
#define FRAME_MS     30	  /* news are not drawn more often */
#define PASTE_GAP_MS 1000 /* what comes later is no part of a paste that was cut */

const struct screen *
console_screen(const struct console *c)
{
	return screens[c->at];
}

void *
console_state(const struct console *c)
{
	return c->states[c->at];
}

/* --- what is wanted --- */

void
console_wants(struct console *c, bool live)
{
	const struct screen *s = console_screen(c);
	struct feed_want want = { .run = c->ui.run, .setup = c->ui.setup, .live = live };

	snprintf(want.task, sizeof(want.task), "%s", c->ui.task);
	snprintf(want.at, sizeof(want.at), "%s", c->ui.at);
	want.kinds = (c->travels ? 1U << FEED_MOMENTS : 0) | (c->rings ? 1U << FEED_HEALTH : 0);
	if (s->want)
		s->want(&c->ui, console_state(c), &want);
	if (!live && !memcmp(&want, &c->wanted, sizeof(want)))
		return;
	feed_want(c->feed, &want);
	want.live = false;
	c->wanted = want;
}

void
console_show(struct console *c, size_t at)
{
	if (at != c->at)
		c->before = c->at;
	c->at = at;
	c->mode = MODE_SCREEN;
	c->dirty = true;
}

bool
console_show_named(struct console *c, const char *name)
{
	for (size_t i = 0; screens[i]; i++) {
		if (!strcasecmp(screens[i]->name, name)) {
			console_show(c, i);
			return true;
		}
	}
	return false;
}

/* --- news --- */

static bool
same_question(const struct feed_want *a, const struct feed_want *b)
{
	return a->run == b->run && a->other == b->other && a->setup == b->setup &&
	       !strcmp(a->task, b->task) && !strcmp(a->at, b->at);
}

/* A failure leaves what was known, where it answers the same question; v asks another one. */
static void
console_keep(struct console *c, enum feed_kind kind, struct feed_item *item)
{
	struct feed_item *kept = &c->items[kind];

	if (item->error)
		item->at_us = kept->at_us;
	if (!item->view && kept->view && kind != FEED_VERIFIED &&
	    same_question(&item->want, &kept->want)) {
		mem_free(c->failed[kind]);
		c->failed[kind] = mem_child(c->roots[kind]);
		mem_move(c->failed[kind], item);
		kept->error = item->error;
		kept->hint = item->hint;
	} else {
		mem_free(c->roots[kind]);
		c->roots[kind] = item;
		c->failed[kind] = NULL;
		*kept = *item;
	}
	c->ui.feed[kind] = kept;
}

static void
console_take(struct console *c)
{
	void *message;
	int kind;

	while ((message = mailbox_take(c->mailbox, &kind)) != NULL) {
		if (kind < FEED_KINDS) {
			console_keep(c, (enum feed_kind)kind, message);
		} else {
			if (kind == POST_ACTION)
				action_news(c, message);
			else
				action_answer(c, message);
			mem_free(message);
		}
		c->dirty = true;
	}
}

/* --- keys --- */

static void
console_paste_goes_on(struct console *c)
{
	long long now = time_tick_ms();

	if (c->cut && now - c->pasted_ms > PASTE_GAP_MS)
		c->pasting = false;
	c->cut = c->cut && c->pasting;
	c->pasted_ms = now;
}

static void
console_key(struct console *c, wint_t code, bool wide)
{
	console_paste_goes_on(c);
	if (code == KEY_PASTE_BEGIN && !wide) {
		c->pasting = true;
	} else if (code == KEY_PASTE_END && !wide) {
		c->pasting = false;
	} else if (code == KEY_RESIZE && !wide) {
		frame_resize(c);
	} else if (c->mode == MODE_PROMPT) {
		/* A pasted line is text: only the operator ends it. */
		if (!c->pasting)
			prompt_press(c, (int)code, wide);
		else if (wide)
			prompt_press(c, code < ' ' || code == 0x7f ? ' ' : (int)code, true);
	} else if (c->pasting) {
		ui_say(&c->ui, "a paste is no key: it was dropped; : takes text");
	} else {
		keys_press(c,
			   wide && code >= KEY_MIN ? 0 : (int)code); /* a letter is no such key */
	}
	c->dirty = true;
}

/* Until nothing is left: SIGWINCH's KEY_RESIZE stands behind what was typed. */
static bool
console_keys(struct console *c)
{
	bool any = false;
	wint_t code;
	int rc;

	while ((rc = wget_wch(c->input, &code)) != ERR) {
		console_key(c, code, rc != KEY_CODE_YES);
		any = true;
	}
	return any;
}

static void
console_interrupt(struct console *c)
{
	if (c->mode == MODE_PROMPT)
		prompt_close(c);
	else if (c->mode == MODE_CONFIRM)
		confirm_close(c);
	else
		ui_say(&c->ui, "%s quits; %s asks a run to end", ui_key(&c->ui, "quit"),
		       ui_key(&c->ui, "cancel"));
	c->mode = MODE_SCREEN;
	c->cut = c->pasting;
	c->dirty = true;
}

static void
console_signals(struct console *c)
{
	int sig;

	while ((sig = terminal_signal()) != 0) {
		if (sig == SIGINT) {
			console_interrupt(c);
		} else if (sig == SIGTSTP) {
			terminal_suspend();
			frame_resize(c);
		} else {
			c->lost = sig == SIGHUP;
			c->quit = true;
		}
	}
}

/* --- the loop --- */

static void
console_clock(struct console *c)
{
	long long now = c->fixed_us ? c->fixed_us : time_now_us();

	if (now / 1000000 != c->ui.now_us / 1000000)
		c->dirty = true;
	c->ui.now_us = now;
	action_tick(c);
}

/* To the next full second, or sooner where the screen reads on. */
static int
console_wait_ms(const struct console *c)
{
	const struct screen *s = console_screen(c);
	int ms = c->fixed_us ? TICK_MS : TICK_MS - (int)(time_now_us() / 1000 % TICK_MS);
	int own = s->wake_ms ? s->wake_ms(&c->ui, console_state(c)) : -1;

	if (c->dirty)
		return terminal_ready() ? FRAME_MS : BUSY_WAIT_MS;
	return own >= 0 && own < ms ? own : ms;
}

/*
 * A terminal that is gone hangs up.  Ready without a key is none: a byte that is no character yet,
 * or input that Ctrl-C threw away.
 */
static bool
console_gone(const struct pollfd *tty)
{
	return tty->revents & (POLLHUP | POLLERR | POLLNVAL);
}

static void
console_wait(struct console *c, long long *drawn_ms)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = mailbox_fd(c->mailbox), .events = POLLIN },
		{ .fd = terminal_signals(), .events = POLLIN },
		{ .fd = output_fd(), .events = output_waits() ? POLLOUT : 0 },
	};
	bool interrupted = poll(fds, 4, console_wait_ms(c)) < 0;
	bool keys = console_keys(c);

	if (keys) /* an answer to a key waits for nothing */
		*drawn_ms = 0;
	if (output_waits())
		output_send();
	console_signals(c);
	console_take(c);
	if (!interrupted && console_gone(&fds[0]))
		c->quit = c->lost = true;
}

static void
console_update(struct console *c)
{
	const struct screen *s = console_screen(c);

	console_clock(c);
	travel_update(c);
	bell_update(c);
	if (s->update)
		s->update(&c->ui, console_state(c));
	if (s->wake_ms && s->wake_ms(&c->ui, console_state(c)) >= 0)
		c->dirty = true;
	console_wants(c, false);
}

static void
console_loop(struct console *c)
{
	long long drawn_ms = 0;

	while (!c->quit) {
		console_update(c);
		if (c->dirty && time_tick_ms() - drawn_ms >= FRAME_MS && terminal_ready()) {
			c->dirty = false;
			if (c->mode != MODE_DUMP)
				frame_draw(c);
			drawn_ms = time_tick_ms();
		}
		console_wait(c, &drawn_ms);
	}
}

/* --- begin and end --- */

static void
console_init(struct console *c, const struct console_options *options)
{
	const char *fixed = getenv("BIKEOPS_NOW");

	c->options = options;
	c->ui.settings = options->settings;
	c->ui.console = c;
	c->ui.locked = settings_bool(options->settings, "production");
	c->fixed_us = fixed ? ui_us(fixed) : 0;
	for (size_t i = 0; screens[i]; i++)
		c->states[i] = screens[i]->init ? screens[i]->init(c->mem) : NULL;
	c->mailbox = mailbox_new(c->mem, POST_KINDS);
	c->ui.now_us = c->fixed_us ? c->fixed_us : time_now_us();
	if (options->resume)
		state_restore(c);
}

static struct err *
console_screen_open(struct console *c)
{
	const char *no_color = getenv("NO_COLOR"), *notice;

	TRY(terminal_open(c->mem, &notice));
	theme_start(settings_get(c->options->settings, "theme"), no_color && *no_color);
	theme_glyphs(!strcmp(nl_langinfo(CODESET), "UTF-8"));
	c->input = newpad(1, 1);
	keypad(c->input, TRUE);
	nodelay(c->input, TRUE);
	frame_resize(c);
	if (notice)
		ui_say(&c->ui, "%s", notice);
	return NULL;
}

/* What the operator leaves behind. */
static void
console_farewell(const struct console *c)
{
	const struct status *s = ui_view(&c->ui, FEED_STATUS);

	if (s && s->now && s->now->n && strcmp(rows_get(s->now, 0, "state"), "dead") != 0)
		printf("run %s %s goes on without the console: 'bikeops logs %s --follow' shows "
		       "it\n",
		       rows_get(s->now, 0, "run"), rows_get(s->now, 0, "mode"),
		       rows_get(s->now, 0, "run"));
	if (c->busy)
		printf("what was being done here ended with the console; 'bikeops status' tells how "
		       "it stands\n");
}

struct err *
console_run(const struct console_options *options)
{
	AUTO_MEM void *mem = mem_root();
	struct console *c = mem_new(mem, struct console);

	c->mem = c;
	if (options->plain || terminal_is_dumb())
		return console_plain(options);
	console_init(c, options);
	TRY(bind_keys(c));
	TRY(console_screen_open(c));
	frame_draw(c); /* before anything is asked */
	c->feed = feed_start(c->mem, options->settings, options->config, c->mailbox);
	console_loop(c);
	state_save(c);
	if (terminal_close() && !c->lost)
		console_farewell(c);
	mem_free(c->logs); /* ends before the mailbox that it posts to */
	for (size_t i = 0; i < FEED_KINDS; i++)
		mem_free(c->roots[i]);
	cancel_request();
	/* A thread that waits for a name, a server or a command has our memory, and TLS. */
	if (!thread_end_left(CONSOLE_END_MS)) {
		fflush(stdout);
		_exit(0);
	}
	return NULL;
}
