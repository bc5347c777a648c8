#include "base/mem.h"
#include "ui/console.h"
#include "ui/draw.h"
#include "ui/pipeline.h"
#include "view/status.h"

#include <string.h>

static void
draw_lines(WINDOW *win, const char *const *lines, size_t n)
{
	int y = 1;

	for (size_t i = 0; i < n; i++) {
		if (lines[i])
			y += draw_wrapped(win, y, 2, 3, getmaxx(win) - 4, i ? C_TEXT : C_STRONG,
					  lines[i]);
	}
}

void
pipeline_unreached(const struct ui *ui, WINDOW *win)
{
	const struct feed_item *of = ui->feed[FEED_STATUS], *own = ui->feed[FEED_PIPELINE];
	const struct status *s = ui_view(ui, FEED_STATUS);
	const struct feed_item *bad = of && of->error ? of : own && own->error ? own : NULL;
	AUTO_MEM void *tmp = mem_root();
	const char *next = s && s->next ? mem_printf(tmp, "next: %s", s->next) : NULL;
	const char *lines[3] = { "Asking the ledger ..", NULL, NULL };

	if (s && state_is(s->state, "empty")) {
		bool can = action_can_set_up(ui, NULL);

		lines[0] = s->home ? mem_printf(tmp, "Nothing is set up in '%s' yet.", s->home)
				   : "Nothing is set up here yet.";
		lines[1] =
			can ? mem_printf(tmp,
					 "%s  sets up here: a private PostgreSQL, a small invented "
					 "shop, its warehouse, one full load; about ten seconds.",
					 ui_key(ui, "setup"))
			    : next;
		lines[2] = can ? "It all lies in one folder; 'bikeops local destroy' takes it away."
			       : NULL;
	} else if (s && s->stack && state_is(s->stack, "down")) {
		lines[0] = "The embedded stack is down.";
		lines[1] = action_can_set_up(ui, NULL)
				   ? mem_printf(tmp, "%s  starts it again.", ui_key(ui, "setup"))
				   : NULL;
		lines[2] = next;
	} else if (bad) {
		lines[0] = bad->error;
		lines[1] = bad->hint;
		lines[2] = next;
	}
	draw_lines(win, lines, 3);
}

void
pipeline_never(const struct ui *ui, WINDOW *win)
{
	AUTO_MEM void *tmp = mem_root();
	const char *const loaded[] = {
		"The store is set up; nothing is loaded yet.",
		mem_printf(tmp, "%s  starts the first run: type full.", ui_key(ui, "trigger")),
		mem_printf(tmp, "%ssetup shows how it was set up.", ui_key(ui, "prompt"))
	};
	const char *const setup[] = { "Nothing was set up from this ledger.",
				      "'bikeops setup' makes the store and the warehouse.", NULL };

	draw_lines(win, ui->setup ? setup : loaded, 3);
}
