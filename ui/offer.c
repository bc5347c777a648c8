#include "base/mem.h"
#include "base/time.h"
#include "ui/console.h"
#include "view/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
action_line(struct confirm *f, struct command_line *line, const char *const *args)
{
	for (size_t i = 0; i < COMMAND_ARGS && args[i]; i++)
		line->args[i] = mem_strdup(f->mem, args[i]);
}

#define LINE(f, o, ...) \
	action_line((f), &(o)->line[(o)->n++], (const char *const[]){ __VA_ARGS__, NULL })

/* Ask what a run would do; its answer is shown below the text. */
static void
action_dry(struct console *c, const struct command_line *line)
{
	c->confirm.dry = true;
	action_line(&c->confirm, &c->confirm.look, line->args);
	action_look(c);
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
			   action_target(tmp, c), run, ui_key(&c->ui, "resume")));
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
			"%s: nothing is sent yet%s\nsets the tables back to before run %s, in one "
			"transaction; the next run loads again all since, so mend the source "
			"first. Nothing at the source changes; an undo cannot be undone",
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
	const struct rows *last = s && s->last && s->last->n ? s->last : NULL;

	if (!last || rows_get(last, 0, "k"))
		return last ? rows_get(last, 0, "run") : NULL;
	if (!runs || !runs->n || rows_int(runs, 0, "run") < rows_int(last, 0, "run"))
		return NULL; /* the list is older */
	for (size_t i = 0; i < runs->n; i++) {
		if (rows_get(runs, i, "k"))
			return rows_get(runs, i, "run");
	}
	return NULL;
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

const char *
action_setup_words(const struct ui *ui, const void *state)
{
	const struct status *s = ui_view(ui, FEED_STATUS);

	(void)state;
	return strcmp(s->state, "empty") ? "start the stack" : "set up here";
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
