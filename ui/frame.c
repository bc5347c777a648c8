#include "base/mem.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/time.h"
#include "ui/console.h"
#include "ui/draw.h"
#include "ui/output.h"
#include "view/status.h"

#include <limits.h>
#include <string.h>
#include <wchar.h>

#define FRAME_ABOVE  3 /* title, tabs, path */
#define FRAME_BELOW  2 /* command, keys */
#define FRAME_HEIGHT 10
#define FRAME_WIDTH  40
#define FRAME_ALWAYS 23 /* cells of "? help  q back  Q quit" */
#define STALE_S	     10 /* two polls */
#define TEXT_MAX     (1 << 20)

static bool
frame_fits(void)
{
	return LINES >= FRAME_HEIGHT && COLS >= FRAME_WIDTH;
}

void
frame_resize(struct console *c)
{
	if (c->body)
		delwin(c->body);
	c->body = frame_fits()
			  ? derwin(stdscr, LINES - FRAME_ABOVE - FRAME_BELOW, COLS, FRAME_ABOVE, 0)
			  : NULL;
	clearok(curscr, TRUE);
	c->dirty = true;
}

/* --- the title --- */

static const struct rows *
frame_run(const struct console *c)
{
	const struct status *s = ui_view(&c->ui, FEED_STATUS);

	if (!s || !s->now)
		return NULL;
	return s->now->n ? s->now : s->last->n ? s->last : NULL;
}

/* words: 1 with the key or the ticket, 2 with the reason as well. */
static char *
frame_lock(void *mem, const struct console *c, int words)
{
	long long left = action_unlocked_ms(c) / 1000;

	if (c->ui.locked)
		return mem_printf(mem, " [READ ONLY%s%s%s]", words ? ": " : "",
				  words ? ui_key(&c->ui, "lock") : "", words ? " unlocks" : "");
	if (!c->unlocked_until_ms)
		return mem_strdup(mem, "");
	return mem_printf(mem, " [WRITE %lld:%02lld left%s%s%s%s]", left / 60, left % 60,
			  words ? ": " : "", words ? c->ticket : "", words > 1 ? ", " : "",
			  words > 1 ? c->reason : "");
}

/* The ledger's newest answer; or that of a view of this screen, where that alone failed since. */
static const struct feed_item *
frame_item(const struct console *c)
{
	const struct feed_item *status = c->ui.feed[FEED_STATUS];

	for (int i = FEED_STATUS + 1; i < FEED_KINDS && status && !status->error; i++) {
		const struct feed_item *item = c->ui.feed[i];

		if ((c->wanted.kinds & 1U << i) && item && item->error && item->view)
			return item;
	}
	return status;
}

/* Seconds since that answer, -1: none yet. */
static long long
frame_age(const struct console *c)
{
	const struct feed_item *item = frame_item(c);

	if (!item || !item->at_us)
		return -1;
	return c->fixed_us || item->at_us > c->ui.now_us ? 0
							 : (c->ui.now_us - item->at_us) / 1000000;
}

static bool
frame_stale(const struct console *c)
{
	const struct feed_item *item = frame_item(c);

	return item && (item->error || frame_age(c) > STALE_S);
}

static char *
frame_data(void *mem, const struct console *c)
{
	long long age = frame_age(c);

	if (age < 0)
		return mem_strdup(mem, frame_stale(c) ? "no data" : "asking ..");
	if (frame_stale(c))
		return age ? mem_printf(mem, "STALE %llds", age) : mem_strdup(mem, "STALE");
	return mem_printf(mem, "seen +%llds", age);
}

static char *
frame_now(void *mem, const struct console *c)
{
	char *iso = time_iso(mem, c->ui.now_us);

	return mem_printf(mem, "%s%s", ui_clock(mem, &c->ui, iso), c->ui.local_time ? "L" : "Z");
}

/* What runs grows with the clock, not with the answers. */
static char *
frame_lasted(void *mem, const struct console *c, const struct rows *r)
{
	long long from = ui_us(rows_get(r, 0, "started_at"));
	long long ms = rows_int(r, 0, "duration_ms");

	if (!from)
		return mem_strdup(mem, rows_get(r, 0, "state"));
	if (!strcmp(rows_get(r, 0, "state"), "running"))
		ms = c->ui.now_us > from ? (c->ui.now_us - from) / 1000 : 0;
	return mem_printf(mem, "%lld:%02lld", ms / 60000, ms / 1000 % 60);
}

static char *
frame_run_text(void *mem, const struct console *c)
{
	const struct rows *r = frame_run(c);
	const struct status *s = ui_view(&c->ui, FEED_STATUS);

	if (*c->ui.at)
		return mem_printf(mem, "time travel: %.5s %s%s", ui_day(mem, &c->ui, c->ui.at),
				  ui_clock(mem, &c->ui, c->ui.at), c->ui.local_time ? "L" : "Z");
	if (!s)
		return mem_strdup(mem, "");
	if (!r)
		return mem_strdup(mem, s->state);
	return mem_printf(mem, "run %s %s %s %s", rows_get(r, 0, "run"), rows_get(r, 0, "mode"),
			  state_letters(rows_get(r, 0, "state")), frame_lasted(mem, c, r));
}

/* How the run stands is never cut: what is known anyway goes first. */
static char *
frame_left(void *mem, const struct console *c, int width)
{
	const char *profile = settings_profile(c->ui.settings), *run = frame_run_text(mem, c);
	char *text = mem_printf(mem, " bikeops %s%s %s", profile, frame_lock(mem, c, 2), run);

	if ((int)text_width(text) > width)
		text = mem_printf(mem, " bikeops %s%s %s", profile, frame_lock(mem, c, 1), run);
	if ((int)text_width(text) > width)
		text = mem_printf(mem, " %s%s %s", profile, frame_lock(mem, c, 1), run);
	if ((int)text_width(text) > width)
		text = mem_printf(mem, " %s%s %s", profile, frame_lock(mem, c, 0), run);
	return text;
}

static void
frame_title(const struct console *c)
{
	AUTO_MEM void *tmp = mem_root();
	enum colour colour = c->unlocked_until_ms || *c->ui.at ? C_UNLOCKED : C_TITLE;
	char *right = mem_printf(tmp, "%s  %s ", frame_now(tmp, c), frame_data(tmp, c));
	int width = COLS - (int)strlen(right);

	draw_format(stdscr, 0, 0, COLS, colour, "%*s", COLS, "");
	draw_text(stdscr, 0, 0, width - 1, colour, frame_left(tmp, c, width - 1));
	draw_right(stdscr, 0, 0, COLS, frame_stale(c) ? C_UNLOCKED : colour, right);
}

/* --- the lines around a screen --- */

static void
frame_tabs(const struct console *c)
{
	AUTO_MEM void *tmp = mem_root();
	bool narrow = COLS < 72;
	int x = 0;

	for (size_t i = 0; screens[i] && x < COLS; i++) {
		bool here = i == c->at;

		x += draw_format(stdscr, 1, x, COLS - x, here ? C_TAB : C_TEXT,
				 here ? "[%c %s]" : " %c %s ", screens[i]->key,
				 narrow && !here ? "" : screens[i]->name);
	}
	if (COLS - x > 18)
		draw_right(stdscr, 1, x, COLS - x - 1, C_DIM,
			   mem_printf(tmp, "%s%s cmd  %s help", c->rings ? "bell on  " : "",
				      ui_key(&c->ui, "prompt"), ui_key(&c->ui, "help")));
}

static char *
frame_path(void *mem, const struct console *c)
{
	const struct screen *s = console_screen(c);

	return s->path ? s->path(mem, &c->ui, console_state(c)) : mem_strdup(mem, s->name);
}

char *
console_command(void *mem, const struct console *c)
{
	const struct screen *s = console_screen(c);
	char *text = s->command ? s->command(mem, &c->ui, console_state(c)) : NULL;
	bool then = *c->ui.at && (c->wanted.kinds & FEED_OF_THEN);

	return text && then && !strstr(text, " rejects")
		       ? mem_printf(mem, "%s --at %s", text, c->ui.at)
		       : text;
}

/* What was said last stands where the command stands, until the next key. */
static void
frame_command(const struct console *c, int y)
{
	AUTO_MEM void *tmp = mem_root();
	const char *text = console_command(tmp, c);
	const struct feed_item *item = frame_item(c);

	if (*c->said)
		draw_text(stdscr, y, 1, COLS - 1, C_STRONG, c->said);
	else if (c->doing)
		draw_text(stdscr, y, 1, COLS - 1, C_RUNNING, c->doing);
	else if (item != c->ui.feed[FEED_STATUS])
		draw_format(stdscr, y, 1, COLS - 1, C_WARN, "STALE: %s", item->error);
	else if (text)
		draw_format(stdscr, y, 1, COLS - 1, C_DIM, "$ %s", text);
}

static bool
frame_offers(const struct console *c, const struct key *row)
{
	bool dead = (row->flags & KEY_WRITES) && (c->ui.locked || *c->ui.at);

	return row->brief && !dead && keys_valid(c, row) &&
	       (!row->due || row->due(&c->ui, console_state(c)));
}

static int
frame_key(const struct console *c, const struct key *row, int y, int x, int end)
{
	AUTO_MEM void *tmp = mem_root();
	const char *name = bind_name(tmp, c, row);
	size_t n = strcspn(name, " ");

	if (!frame_offers(c, row))
		return x;
	const char *words = row->words ? row->words(&c->ui, console_state(c)) : row->brief;
	if (x + (int)(n + strlen(words)) + 2 > end)
		return x;
	x += draw_text(stdscr, y, x, COLS - x, C_KEY, mem_strndup(tmp, name, n));
	return x + 1 + draw_text(stdscr, y, x + 1, COLS - x - 1, C_TEXT, words) + 2;
}

static void
frame_keys(const struct console *c, int y)
{
	const struct key *own = console_screen(c)->keys, *row;
	int x = 1, end = COLS - 1 - FRAME_ALWAYS;

	for (row = own; row && row->name; row++)
		x = row->flags & KEY_ALWAYS ? x : frame_key(c, row, y, x, end);
	for (row = keys_everywhere; row->name; row++)
		x = row->flags & KEY_ALWAYS ? x : frame_key(c, row, y, x, end);
	for (row = keys_everywhere; row->name; row++)
		x = row->flags & KEY_ALWAYS ? frame_key(c, row, y, x, COLS - 1) : x;
}

/* --- all of it --- */

static void
frame_body(struct console *c)
{
	const struct screen *s = console_screen(c);

	if (c->mode == MODE_HELP || c->mode == MODE_TEXT)
		help_draw(c, c->body);
	else
		s->draw(&c->ui, c->body, console_state(c));
	if (c->mode == MODE_CONFIRM)
		confirm_draw(c, c->body);
}

static void
frame_around(struct console *c)
{
	AUTO_MEM void *tmp = mem_root();

	frame_title(c);
	frame_tabs(c);
	draw_text(stdscr, 2, 1, COLS - 1, C_TEXT, frame_path(tmp, c));
	frame_command(c, LINES - 2);
	if (c->mode == MODE_PROMPT)
		prompt_draw(c, LINES - 1, COLS);
	else if (c->mode == MODE_SCREEN)
		frame_keys(c, LINES - 1);
	else
		draw_text(stdscr, LINES - 1, 1, COLS - 1, C_TEXT,
			  c->mode == MODE_CONFIRM
				  ? c->confirm.dry ? "Esc cancels  arrows scroll" : "Esc cancels"
				  : mem_printf(tmp, "%.1s %.1s Space scroll  %s back",
					       ui_key(&c->ui, "down"), ui_key(&c->ui, "up"),
					       ui_key(&c->ui, "back")));
}

/* Too small for a screen: one line says how it stands. */
static void
frame_line(const struct console *c)
{
	AUTO_MEM void *tmp = mem_root();
	const struct feed_item *item = c->ui.feed[FEED_STATUS];

	draw_format(stdscr, 0, 0, COLS, C_TEXT, "%s %s", frame_run_text(tmp, c),
		    item ? frame_data(tmp, c) : "..");
	if (c->mode == MODE_CONFIRM)
		draw_format(stdscr, LINES - 1, 0, COLS, C_STRONG, "%s: too small, Esc cancels",
			    c->confirm.title);
	if (c->mode == MODE_PROMPT)
		prompt_draw(c, LINES - 1, COLS);
}

void
frame_draw(struct console *c)
{
	output_begin();
	curs_set(0);
	erase();
	if (c->body) {
		frame_body(c);
		touchwin(stdscr);
		frame_around(c);
	} else {
		frame_line(c);
	}
	wnoutrefresh(stdscr);
	doupdate();
	if (c->bell) {
		beep();
		c->bell = false;
	}
	output_end();
}

static size_t
frame_cell(struct strbuf *sb, int y, int x)
{
	wchar_t wide[CCHARW_MAX + 1] = { 0 };
	char bytes[MB_LEN_MAX * CCHARW_MAX + 1];
	const wchar_t *from = wide;
	mbstate_t state = { 0 };
	cchar_t cell;
	attr_t attr;
	short pair;

	if (mvwin_wch(stdscr, y, x, &cell) == ERR ||
	    getcchar(&cell, wide, &attr, &pair, NULL) == ERR)
		return 1;
	size_t n = wcsrtombs(bytes, &from, sizeof(bytes) - 1, &state);
	if (n != (size_t)-1)
		strbuf_add(sb, bytes, n);
	int width = wcwidth(*wide);
	return width > 1 ? (size_t)width : 1;
}

char *
frame_text(void *mem)
{
	struct strbuf sb;

	strbuf_init(&sb, mem, TEXT_MAX);
	for (int y = 0; y < LINES; y++) {
		for (int x = 0; x < COLS; x += (int)frame_cell(&sb, y, x))
			;
		while (sb.len && sb.s[sb.len - 1] == ' ')
			sb.s[--sb.len] = '\0';
		strbuf_char(&sb, '\n');
	}
	return sb.s;
}
