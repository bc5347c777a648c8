#include "base/mem.h"
#include "base/time.h"
#include "ui/console.h"

#include <stdio.h>
#include <string.h>

static void
travel_to(struct console *c, const char *at, const char *what)
{
	snprintf(c->ui.at, sizeof(c->ui.at), "%s", at);
	if (!*at)
		ui_say(&c->ui, "back to now");
	else if (what)
		ui_say(&c->ui, "as of %s: %s", at, what);
}

/* The moment that is shown is row n of moments, newest first; now is the newest. */
static size_t
travel_place(const struct console *c, const struct rows *r)
{
	size_t n = 0;

	while (*c->ui.at && n < r->n && strcmp(rows_get(r, n, "at"), c->ui.at) > 0)
		n++;
	return n;
}

void
travel_update(struct console *c)
{
	const struct rows *r = ui_view(&c->ui, FEED_MOMENTS);
	int step = c->travel;

	if (!step || !r)
		return;
	c->travel = 0;
	size_t n = travel_place(c, r);
	bool between = *c->ui.at && n < r->n && strcmp(rows_get(r, n, "at"), c->ui.at) != 0;
	if (step > 0 && n + !between >= r->n)
		ui_say(&c->ui, "nothing older is known");
	else if (step > 0)
		travel_to(c, rows_get(r, n + !between, "at"), rows_get(r, n + !between, "what"));
	else if (n > 1)
		travel_to(c, rows_get(r, n - 1, "at"), rows_get(r, n - 1, "what"));
	else
		travel_to(c, "", NULL);
}

void
travel_key(struct ui *ui, void *state, int code)
{
	struct console *c = ui->console;
	const struct feed_item *ledger = ui->feed[FEED_STATUS];

	(void)state;
	if (ledger && ledger->error) {
		ui_say(ui, "the ledger does not answer: no other moment is known now");
		return;
	}
	c->travels = true; /* until the console ends: moments come with the other views */
	c->travel = code == '<' ? 1 : -1;
	ui_say(ui, "asking when something changed ...");
}

void
travel_at(struct console *c, const char *text)
{
	AUTO_MEM void *tmp = mem_root();
	char *at;

	if (!*text)
		travel_to(c, "", NULL);
	else if (!time_moment(tmp, text, c->ui.now_us, &at))
		ui_say(&c->ui, "a moment is HH:MM, HH:MM:SS or as 2026-07-15T03:12:00Z, in UTC");
	else
		travel_to(c, at, NULL);
}
