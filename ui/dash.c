#include "base/mem.h"
#include "ui/draw.h"
#include "ui/screen.h"

static void
dash_draw(const struct ui *ui, WINDOW *win, const void *state)
{
	(void)ui, (void)state;
	draw_text(
		win, 1, 1, getmaxx(win) - 2, C_TEXT,
		"The dashboard comes with a later release: sales by category, store and product.");
	draw_text(win, 3, 1, getmaxx(win) - 2, C_DIM,
		  "Until then 2 shows revenue and units, and whether they are right.");
}

static char *
dash_path(void *mem, const struct ui *ui, const void *state)
{
	(void)ui, (void)state;
	return mem_strdup(mem, "dash");
}

const struct screen screen_dash = {
	.key = '5',
	.name = "Dash",
	.draw = dash_draw,
	.path = dash_path,
};
