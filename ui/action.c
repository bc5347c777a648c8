#include "base/mem.h"
#include "base/time.h"
#include "local/files.h"
#include "ui/console.h"
#include "view/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNLOCK_US (600 * 1000000LL)

static struct confirm *
action_confirm(struct console *c, const char *title, const char *text)
{
	confirm_close(c);
	c->confirm.mem = mem_child(c->mem);
	c->confirm.title = mem_strdup(c->confirm.mem, title);
	c->confirm.text = mem_strdup(c->confirm.mem, text);
	c->mode = MODE_CONFIRM;
	return &c->confirm;
}

static struct offer *
action_offer(struct confirm *f, const char *word)
{
	struct offer *o = &f->offers[f->n_offers++];

	o->word = mem_strdup(f->mem, word);
	return o;
}

/* args: NULL ends them. */
static void
action_line(struct confirm *f, struct offer *o, const char *const *args)
{
	struct command_line *line = &o->line[o->n++];

	for (size_t i = 0; i < COMMAND_ARGS && args[i]; i++)
		line->args[i] = mem_strdup(f->mem, args[i]);
}

#define LINE(f, o, ...) action_line((f), (o), (const char *const[]){ __VA_ARGS__, NULL })

static bool
action_refused(struct console *c)
{
	if (*c->ui.at)
		ui_say(&c->ui, "time travel: nothing is written; :at goes back to now");
	else if (c->ui.locked)
		ui_say(&c->ui, "locked: %s unlocks with a ticket and a reason",
		       ui_key(&c->ui, "lock"));
	else if (c->busy)
		ui_say(&c->ui, "one thing after the other: %s", c->doing);
	return *c->ui.at || c->ui.locked || c->busy;
}

/* Ask what a run would do; its answer is shown below the text. */
static void
action_dry(struct console *c, const struct command_line *line)
{
	const char *profile = settings_profile(c->ui.settings);

	if (c->asking)
		return;
	c->asking = true;
	mem_free(c->text);
	c->text = NULL;
	c->confirm.dry = true;
	command_start(c->mailbox, POST_ANSWER, profile, c->options->config, line, 1);
}

/* --- runs --- */

static const char *
action_target(void *mem, const struct console *c)
{
	return mem_printf(mem, "profile %s%s", settings_profile(c->ui.settings),
			  settings_bool(c->ui.settings, "production") ? ", PRODUCTION" : "");
}

/* "" or what is in its way. */
static const char *
action_way(void *mem, const struct console *c)
{
	const struct status *s = ui_view(&c->ui, FEED_STATUS);

	if (!s || !s->now || !s->now->n || !strcmp(rows_get(s->now, 0, "state"), "dead"))
		return "";
	return mem_printf(mem, "\nrun %s holds the lease: this one would be refused now",
			  rows_get(s->now, 0, "run"));
}

static void
action_offer_run(struct confirm *f, const char *word, const char *mode)
{
	struct offer *o = action_offer(f, word);

	LINE(f, o, "run", mode, "--detach");
}

static void
action_start(struct console *c, bool full, bool incr)
{
	AUTO_MEM void *tmp = mem_root();
	struct confirm *f = action_confirm(
		c, "START A RUN",
		mem_printf(tmp,
			   "%s: nothing is sent yet%s\n%s%s"
			   "writes the lake, staging and serving; serving changes in one "
			   "transaction, all or nothing",
			   action_target(tmp, c), action_way(tmp, c),
			   incr ? "incr loads what was committed since the last batch\n" : "",
			   full ? "full reads every row; history in the warehouse stays\n" : ""));

	if (incr)
		action_offer_run(f, "incr", "incremental");
	if (full)
		action_offer_run(f, "full", "full");
	action_dry(c,
		   &(struct command_line){ { "run", incr ? "incremental" : "full", "--dry-run" } });
}

void
action_trigger(struct ui *ui, void *state, int code)
{
	(void)state, (void)code;
	if (!action_refused(ui->console))
		action_start(ui->console, true, true);
}

static void
action_go_on(struct console *c, const char *run)
{
	AUTO_MEM void *tmp = mem_root();
	struct confirm *f = action_confirm(
		c, "GO ON WITH A RUN",
		mem_printf(tmp,
			   "%s: nothing is sent yet%s\nrun %s: after its manifest with the same "
			   "rows, from the first task that is not done; before it in a new "
			   "snapshot\nwhat it wrote stays: attempts write beside each other",
			   action_target(tmp, c), action_way(tmp, c), run));
	struct offer *o = action_offer(f, run);

	LINE(f, o, "run", "resume", run, "--detach");
}

static void
action_end(struct console *c, const char *run)
{
	AUTO_MEM void *tmp = mem_root();
	struct confirm *f = action_confirm(
		c, "CANCEL A RUN",
		mem_printf(tmp,
			   "%s: nothing is sent yet\nrun %s is asked to end; it does within "
			   "seconds. Nothing of it is published, or all; %s goes on with it",
			   action_target(tmp, c), run, ui_key(&c->ui, "rerun")));
	struct offer *o = action_offer(f, run);

	LINE(f, o, "run", "cancel", run);
}

static void
action_take_back(struct console *c, const char *run)
{
	AUTO_MEM void *tmp = mem_root();
	struct confirm *f = action_confirm(
		c, "UNDO A RUN",
		mem_printf(
			tmp,
			"%s: nothing is sent yet%s\nrun %s: its tables are as they were before "
			"it, in one transaction, and the next run loads again all since. Nothing "
			"at the source changes; an undo cannot be undone",
			action_target(tmp, c), action_way(tmp, c), run));
	struct offer *o = action_offer(f, run);

	LINE(f, o, "run", "undo", run, "--detach");
	action_dry(c, &(struct command_line){ { "run", "undo", run, "--dry-run" } });
}

/* The newest run that published, or NULL: not known here. */
static const char *
action_newest_batch(const struct console *c)
{
	const struct status *s = ui_view(&c->ui, FEED_STATUS);
	const struct rows *runs = ui_view(&c->ui, FEED_RUNS);

	for (size_t i = 0; runs && i < runs->n; i++) {
		if (rows_get(runs, i, "k"))
			return rows_get(runs, i, "run");
	}
	return s && s->last && s->last->n && rows_get(s->last, 0, "k") ? rows_get(s->last, 0, "run")
								       : NULL;
}

static void
action_undo_named(struct ui *ui, void *state, const char *text)
{
	(void)state;
	action_run(ui->console, "undo", text);
}

void
action_undo(struct ui *ui, void *state, int code)
{
	const char *run = action_newest_batch(ui->console);

	(void)state, (void)code;
	if (action_refused(ui->console))
		return;
	if (run)
		action_take_back(ui->console, run);
	else
		ui_ask(ui, "undo run: ", "", action_undo_named);
}

/* The run meant: the one at work or dead, else what suits. */
static const struct rows *
action_meant(const struct console *c, bool at_work)
{
	const struct status *s = ui_view(&c->ui, FEED_STATUS);

	if (!s || !s->now)
		return NULL;
	if (s->now->n && (at_work || !strcmp(rows_get(s->now, 0, "state"), "dead")))
		return s->now;
	return at_work || !s->last->n ? NULL : s->last;
}

/* Where there is a source and a warehouse to run between. */
bool
action_can_start(const struct ui *ui, const void *state)
{
	return !action_can_set_up(ui, state);
}

bool
action_can_resume(const struct ui *ui, const void *state)
{
	const struct rows *r = action_meant(ui->console, false);

	(void)state;
	return r && strcmp(rows_get(r, 0, "state"), "ok") != 0 &&
	       strcmp(rows_get(r, 0, "pipeline"), "setup") != 0;
}

bool
action_can_cancel(const struct ui *ui, const void *state)
{
	(void)state;
	return action_meant(ui->console, true) != NULL;
}

void
action_resume(struct ui *ui, void *state, int code)
{
	struct console *c = ui->console;
	const struct rows *r = action_meant(c, false);

	(void)code;
	if (action_refused(c))
		return;
	if (!action_can_resume(ui, state))
		ui_say(ui, "there is no run to go on with: the newest is done, or a setup");
	else
		action_go_on(c, rows_get(r, 0, "run"));
}

void
action_cancel(struct ui *ui, void *state, int code)
{
	struct console *c = ui->console;
	const struct rows *r = action_meant(c, true);

	(void)state, (void)code;
	if (action_refused(c))
		return;
	if (!r)
		ui_say(ui, "there is no run at work");
	else
		action_end(c, rows_get(r, 0, "run"));
}

void
action_run(struct console *c, const char *verb, const char *run)
{
	char *end = NULL;

	if (action_refused(c))
		return;
	if (!strcmp(verb, "full") || !strcmp(verb, "incremental"))
		action_start(c, !strcmp(verb, "full"), strcmp(verb, "full") != 0);
	else if (strtoll(run, &end, 10) <= 0 || *end)
		ui_say(&c->ui, "%s needs a run's number", verb);
	else if (!strcmp(verb, "cancel"))
		action_end(c, run);
	else if (!strcmp(verb, "undo"))
		action_take_back(c, run);
	else
		action_go_on(c, run);
}

/* --- backfill --- */

static void
action_range(struct ui *ui, void *state, const char *text)
{
	AUTO_MEM void *tmp = mem_root();
	struct console *c = ui->console;
	size_t n = strcspn(text, " ");
	char *from = mem_strndup(tmp, text, n);
	char *to = mem_strdup(tmp, text + n + strspn(text + n, " "));

	(void)state;
	to[strcspn(to, " ")] = '\0';
	if (!time_is_day(from) || !time_is_day(to) || strcmp(from, to) > 0) {
		ui_say(ui, "write two days, FROM TO, as 2026-07-01 2026-07-14");
		return;
	}
	struct confirm *f = action_confirm(
		c, "BACKFILL",
		mem_printf(tmp,
			   "%s: nothing is sent yet%s\norders dated %s to %s are read again, and "
			   "what changed since the last batch; their facts are replaced",
			   action_target(tmp, c), action_way(tmp, c), from, to));
	struct offer *o = action_offer(f, "backfill");
	LINE(f, o, "run", "backfill", "--from", from, "--to", to, "--detach");
	action_dry(c, &(struct command_line){
			      { "run", "backfill", "--from", from, "--to", to, "--dry-run" } });
}

void
action_backfill(struct ui *ui, void *state, int code)
{
	(void)state, (void)code;
	if (!action_refused(ui->console))
		ui_ask(ui, "backfill FROM TO: ", "", action_range);
}

/* --- the first screen --- */

bool
action_can_set_up(const struct ui *ui, const void *state)
{
	const struct status *s = ui_view(ui, FEED_STATUS);

	(void)state;
	return s && s->stack && s->next && strncmp(s->next, "bikeops run", 11) != 0 &&
	       (!strcmp(s->state, "empty") || !strcmp(s->stack, "down"));
}

/* A generated shop, its store and warehouse, and the first load. */
void
action_setup(struct ui *ui, void *state, int code)
{
	const char *folder = getenv("TMPDIR");
	struct console *c = ui->console;
	const struct status *s = ui_view(ui, FEED_STATUS);

	(void)state, (void)code;
	if (action_refused(c))
		return;
	bool empty = !strcmp(s->state, "empty");
	struct confirm *f = action_confirm(
		c, empty ? "SET UP HERE" : "START THE EMBEDDED STACK",
		empty ? "makes and starts the embedded stack: a private PostgreSQL and a lake, all "
			"under one folder\ngenerates a small shop, imports it, makes the "
			"warehouse, loads it once; takes about ten seconds\n'bikeops local "
			"destroy' removes all of it"
		      : "starts the private PostgreSQL again; nothing else changes");
	struct offer *o = action_offer(f, empty ? "setup" : "start");
	LINE(f, o, "local", "up");
	if (!empty)
		return;
	mem_free(c->shop);
	c->shop =
		mem_printf(c->mem, "%s/bikeops-shop-%ld", folder ? folder : "/tmp", (long)getpid());
	LINE(f, o, "generate", "--scale", "1", "--seed", "1", "--out", c->shop);
	LINE(f, o, "setup", "--dataset", c->shop);
	LINE(f, o, "run", "full", "--detach");
}

/* --- sending, and what came of it --- */

void
action_send(struct console *c, const struct offer *o)
{
	AUTO_MEM void *tmp = mem_root();
	const char *profile = settings_profile(c->ui.settings);

	if (action_refused(c))
		return;
	for (size_t i = 0; i < o->n; i++) {
		if (!audit_write(c, "send", command_text(tmp, &o->line[i]), NULL))
			return;
	}
	c->busy = true;
	c->ui.run = 0; /* what comes of it is looked at */
	command_start(c->mailbox, POST_ACTION, profile, c->options->config, o->line, o->n);
	ui_say(&c->ui, "sent: %s", command_text(tmp, &o->line[0]));
}

void
action_news(struct console *c, const struct command_news *news)
{
	bool begun = strstr(news->line, " --detach") != NULL;

	mem_free(c->doing);
	c->doing = NULL;
	if (!news->ended) {
		*c->said = '\0'; /* older than that */
		c->doing = mem_printf(c->mem, "%zu of %zu: %s ...", news->step, news->steps,
				      news->line);
		return;
	}
	c->busy = false;
	if (c->shop)
		err_free(tree_remove(c->shop));
	mem_free(c->shop);
	c->shop = NULL;
	audit_write(c, "done", news->line, news->error ? news->error : begun ? "begun" : "ok");
	if (news->error)
		ui_say(&c->ui, "%s: %s", news->line, news->error);
	else
		ui_say(&c->ui, "%s: %s", begun ? "begun" : "done", news->line);
	feed_refresh(c->feed, false);
}

void
action_answer(struct console *c, const struct command_news *news)
{
	if (!news->ended)
		return;
	c->asking = false;
	c->refused = news->error != NULL;
	mem_free(c->text);
	c->text = mem_strdup(c->mem, news->error ? news->error : news->output);
}

void
action_show(struct console *c, const struct command_line *line)
{
	AUTO_MEM void *tmp = mem_root();

	if (c->asking) {
		ui_say(&c->ui, "the answer before is still awaited");
		return;
	}
	c->asking = true;
	mem_free(c->text);
	mem_free(c->text_title);
	c->text_title = mem_strdup(c->mem, command_text(tmp, line));
	c->text = mem_strdup(c->mem, "...");
	c->mode = MODE_TEXT;
	c->scroll = 0;
	command_start(c->mailbox, POST_ANSWER, settings_profile(c->ui.settings), c->options->config,
		      line, 1);
}

void
action_handoff(struct ui *ui, void *state, int code)
{
	AUTO_MEM void *tmp = mem_root();
	const struct rows *r = action_meant(ui->console, false);
	const char *run = ui->run ? mem_printf(tmp, "%lld", ui->run)
			  : r	  ? rows_get(r, 0, "run")
				  : NULL;

	(void)state, (void)code;
	action_show(ui->console, &(struct command_line){ { "handoff", run } });
}

/* --- the lock --- */

static void
action_lock_now(struct console *c, const char *why)
{
	audit_write(c, "lock", NULL, why);
	mem_free(c->ticket);
	mem_free(c->reason);
	c->ticket = c->reason = NULL;
	c->unlocked_until_us = 0;
	c->ui.locked = true;
	if (c->mode == MODE_CONFIRM)
		confirm_close(c);
	ui_say(&c->ui, "locked: %s", why);
}

static void
action_reason(struct ui *ui, void *state, const char *text)
{
	struct console *c = ui->console;

	(void)state;
	if (!text[strspn(text, " ")]) {
		ui_say(ui, "still locked: no reason was given");
		return;
	}
	mem_free(c->reason);
	c->reason = mem_strdup(c->mem, text);
	if (!audit_write(c, "unlock", NULL, "for 10 min"))
		return;
	c->unlocked_until_us = time_now_us() + UNLOCK_US;
	if (c->fixed_us)
		c->unlocked_until_us = c->fixed_us + UNLOCK_US;
	ui->locked = false;
	ui_say(ui, "unlocked for ten minutes; %s locks again", ui_key(ui, "lock"));
}

static void
action_ticket(struct ui *ui, void *state, const char *text)
{
	struct console *c = ui->console;

	(void)state;
	if (!text[strspn(text, " ")]) {
		ui_say(ui, "still locked: no ticket was given");
		return;
	}
	mem_free(c->ticket);
	c->ticket = mem_strdup(c->mem, text);
	ui_ask(ui, "reason: ", "", action_reason);
}

bool
action_can_lock(const struct ui *ui, const void *state)
{
	(void)state;
	return settings_bool(ui->settings, "production");
}

void
action_lock(struct ui *ui, void *state, int code)
{
	(void)state, (void)code;
	if (ui->locked)
		ui_ask(ui, "ticket: ", "", action_ticket);
	else
		action_lock_now(ui->console, "by hand");
}

void
action_tick(struct console *c)
{
	if (c->unlocked_until_us && c->ui.now_us >= c->unlocked_until_us)
		action_lock_now(c, "ten minutes are over");
}
