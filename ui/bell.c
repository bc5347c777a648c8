#include "base/mem.h"
#include "ui/console.h"
#include "view/health.h"
#include "view/status.h"

#include <string.h>

/* What must change to ring: "" where nobody has told yet. */
static char *
bell_runs(void *mem, const struct console *c)
{
	const struct status *s = ui_view(&c->ui, FEED_STATUS);

	if (!s || !s->now || !s->last)
		return mem_strdup(mem, "");
	bool dead = s->now->n && !strcmp(rows_get(s->now, 0, "state"), "dead");
	return mem_printf(mem, "%s %s %s", s->last->n ? rows_get(s->last, 0, "run") : "-",
			  s->last->n ? rows_get(s->last, 0, "ended_at") : "-",
			  dead ? rows_get(s->now, 0, "run") : "-");
}

static char *
bell_checks(void *mem, const struct console *c)
{
	const struct health *h = ui_view(&c->ui, FEED_HEALTH);
	char *text = mem_strdup(mem, "");

	for (size_t i = 0; h && i < h->checks->n; i++)
		text = mem_printf(mem, "%s%s %s;", text, rows_get(h->checks, i, "check"),
				  rows_get(h->checks, i, "state"));
	return text;
}

/* Did it change? */
static bool
bell_look(struct console *c, char **before, const char *now)
{
	bool changed = *before && strcmp(*before, now) != 0;

	if (!*now || (*before && !changed))
		return false;
	mem_free(*before);
	*before = mem_strdup(c->mem, now);
	return changed;
}

void
bell_update(struct console *c)
{
	AUTO_MEM void *tmp = mem_root();

	if (!c->rings || *c->ui.at)
		return;
	bool runs = bell_look(c, &c->bell_runs, bell_runs(tmp, c));
	bool checks = bell_look(c, &c->bell_checks, bell_checks(tmp, c));
	if (!runs && !checks)
		return;
	c->bell = c->dirty = true;
	ui_say(&c->ui, "bell: %s",
	       runs ? "a run ended, or its worker died" : "a check changed, see Health");
}

void
bell_key(struct ui *ui, void *state, int code)
{
	struct console *c = ui->console;

	(void)state, (void)code;
	c->rings = !c->rings;
	mem_free(c->bell_runs);
	mem_free(c->bell_checks);
	c->bell_runs = c->bell_checks = NULL;
	ui_say(ui, c->rings ? "rings when a run ends, its worker dies or a check of Health changes"
			    : "does not ring");
}
