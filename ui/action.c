#include "base/mem.h"
#include "local/files.h"
#include "ui/console.h"
#include "view/status.h"

#include <string.h>

bool
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

/* The run meant: the one at work or dead, else what suits. */
const struct rows *
action_meant(const struct console *c, bool at_work)
{
	const struct status *s = ui_view(&c->ui, FEED_STATUS);

	if (!s || !s->now)
		return NULL;
	if (s->now->n && (at_work || !strcmp(rows_get(s->now, 0, "state"), "dead")))
		return s->now;
	return at_work || !s->last->n ? NULL : s->last;
}

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
action_look(struct console *c)
{
	struct command_line *look = &c->confirm.look;

	if (c->asking || !look->args[0])
		return;
	c->asking = true;
	mem_free(c->text);
	c->text = NULL;
	command_start(c->mailbox, POST_ANSWER, settings_profile(c->ui.settings), c->options->config,
		      look, 1);
	*look = (struct command_line){ { 0 } };
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
	action_look(c);
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
