/* Colours by meaning.  They only repeat what letters say: mono has all of it. */
#ifndef BIKEOPS_UI_THEME_H
#define BIKEOPS_UI_THEME_H

#include <ncurses.h>
#include <stdbool.h>

enum colour {
	C_TEXT,
	C_DIM,	    /* less than the text: ages, borders, what is folded */
	C_STRONG,   /* headlines, totals */
	C_TITLE,    /* the first line */
	C_TAB,	    /* the tab shown */
	C_SELECTED, /* the line of the cursor */
	C_KEY,	    /* keys in the key line and in help */
	C_OK,
	C_RUNNING,
	C_WAITING,
	C_WARN, /* also retries, STALE */
	C_FAILED,
	C_MATCH,    /* what find found */
	C_UNLOCKED, /* the title while writes are allowed */
	C_COLOURS
};

/* name is dark, light or mono; colours are used where the terminal has them. */
void theme_start(const char *name, bool no_color);
attr_t theme_attr(enum colour c);

/* Glyphs of one cell: UTF-8 where the locale has them, else ASCII. */
enum glyph {
	G_H,
	G_V,
	G_TL, /* corners */
	G_TR,
	G_BL,
	G_BR,
	G_ARROW, /* to the right */
	G_CURSOR,
	G_FULL,	 /* a bar's filled cell */
	G_EMPTY, /* a bar's empty one */
	G_MORE,	 /* the text goes on */
	G_GLYPHS
};
void theme_glyphs(bool utf8);
bool theme_utf8(void);
const char *glyph(enum glyph g);

#endif
