#include "ui/theme.h"

#include <string.h>

/* A foreground of the 8 that every terminal with colours has, -1 the terminal's own. */
struct paint {
	short dark, light;
	attr_t attr;
};

static const struct paint paints[C_COLOURS] = {
	[C_TEXT] = { -1, -1, A_NORMAL },
	[C_DIM] = { -1, -1, A_DIM },
	[C_STRONG] = { -1, -1, A_BOLD },
	[C_TITLE] = { -1, -1, A_REVERSE },
	[C_TAB] = { -1, -1, A_BOLD },
	[C_SELECTED] = { -1, -1, A_REVERSE },
	[C_KEY] = { COLOR_CYAN, COLOR_BLUE, A_BOLD },
	[C_OK] = { COLOR_GREEN, COLOR_GREEN, A_NORMAL },
	[C_RUNNING] = { COLOR_CYAN, COLOR_BLUE, A_BOLD },
	[C_WAITING] = { -1, -1, A_DIM },
	[C_WARN] = { COLOR_YELLOW, COLOR_MAGENTA, A_NORMAL },
	[C_FAILED] = { COLOR_RED, COLOR_RED, A_BOLD },
	[C_MATCH] = { -1, -1, A_UNDERLINE },
	[C_UNLOCKED] = { COLOR_YELLOW, COLOR_MAGENTA, A_REVERSE | A_BOLD },
};

static attr_t attrs[C_COLOURS];
static bool utf8;

void
theme_start(const char *name, bool no_color)
{
	bool colour = !no_color && strcmp(name, "mono") != 0 && has_colors();

	if (colour) {
		start_color();
		use_default_colors();
	}
	for (short i = 0; i < C_COLOURS; i++) {
		const struct paint *p = &paints[i];
		short fg = strcmp(name, "light") != 0 ? p->dark : p->light;

		attrs[i] = p->attr;
		if (colour && fg >= 0 && init_pair((short)(i + 1), fg, -1) == OK)
			attrs[i] |= (attr_t)COLOR_PAIR(i + 1);
	}
}

attr_t
theme_attr(enum colour c)
{
	return attrs[c];
}

void
theme_glyphs(bool on)
{
	utf8 = on;
}

bool
theme_utf8(void)
{
	return utf8;
}

const char *
glyph(enum glyph g)
{
	static const char *const glyphs[G_GLYPHS][2] = {
		[G_H] = { "-", "─" },	  [G_V] = { "|", "│" },	     [G_TL] = { "+", "┌" },
		[G_TR] = { "+", "┐" },	  [G_BL] = { "+", "└" },     [G_BR] = { "+", "┘" },
		[G_ARROW] = { ">", "▶" }, [G_CURSOR] = { ">", ">" }, [G_FULL] = { "#", "█" },
		[G_EMPTY] = { ".", "░" }, [G_MORE] = { "~", "~" },
	};

	return glyphs[g][utf8];
}
