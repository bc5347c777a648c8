#include "base/mem.h"
#include "ui/console.h"
#include "ui/draw.h"
#include "ui/output.h"
#include "ui/terminal.h"

#include <string.h>

static void
key_screen(struct ui *ui, void *state, int code)
{
	(void)state;
	ui_go(ui, (char)code);
}

static void
key_next(struct ui *ui, void *state, int code)
{
	struct console *c = ui->console;
	size_t n = 0;

	(void)state;
	while (screens[n])
		n++;
	console_show(c, (c->at + (code == KEY_BTAB ? n - 1 : 1)) % n);
}

static void
key_back(struct ui *ui, void *state, int code)
{
	(void)state, (void)code;
	ui_back(ui);
}

static void
key_quit(struct ui *ui, void *state, int code)
{
	(void)state, (void)code;
	ui->console->quit = true;
}

static void
key_prompt(struct ui *ui, void *state, int code)
{
	(void)state, (void)code;
	prompt_open(ui->console);
}

static void
key_help(struct ui *ui, void *state, int code)
{
	(void)state, (void)code;
	ui->console->mode = MODE_HELP;
	ui->console->scroll = 0;
}

static void
key_refresh(struct ui *ui, void *state, int code)
{
	(void)state, (void)code;
	ui_refresh(ui, false);
	ui_say(ui, "asked again");
}

static void
key_zone(struct ui *ui, void *state, int code)
{
	(void)state, (void)code;
	ui->local_time = !ui->local_time;
	ui_say(ui, "times are %s", ui->local_time ? "local" : "UTC");
}

/* y the line of the cursor, Y the whole screen, $ its command. */
static void
key_copy(struct ui *ui, void *state, int code)
{
	AUTO_MEM void *tmp = mem_root();
	const struct screen *s = console_screen(ui->console);
	char *text = NULL;

	if (code == 'Y')
		text = frame_text(tmp);
	else if (code == '$')
		text = console_command(tmp, ui->console);
	else if (s->cell)
		text = s->cell(tmp, ui, state);
	if (text && *text)
		ui_copy(ui, text);
	else
		ui_say(ui, "there is nothing to copy here");
}

/* The screen as lines without borders, for a terminal's own selection; any key goes back. */
static void
key_dump(struct ui *ui, void *state, int code)
{
	AUTO_MEM void *tmp = mem_root();
	char *text = frame_text(tmp);

	(void)state, (void)code;
	terminal_leave();
	output_add(text, strlen(text));
	output_add("-- any key goes back --\n", 24);
	terminal_keys();
	ui->console->mode = MODE_DUMP;
}

const struct key keys_everywhere[] = {
	{ .codes = { 't' },
	  .name = "t",
	  .actions = "trigger",
	  .brief = "trigger",
	  .help = "start a run: type full or incr",
	  .act = action_trigger,
	  .due = action_can_start,
	  .flags = KEY_WRITES },
	{ .codes = { 'c' },
	  .name = "c",
	  .actions = "resume",
	  .brief = "resume",
	  .help = "go on with the newest run that ended badly, with the rows it has",
	  .act = action_resume,
	  .due = action_can_resume,
	  .flags = KEY_WRITES },
	{ .codes = { 'x' },
	  .name = "x",
	  .actions = "cancel",
	  .brief = "cancel",
	  .help = "ask the run at work to end",
	  .act = action_cancel,
	  .due = action_can_cancel,
	  .flags = KEY_WRITES },
	{ .codes = { 'B' },
	  .name = "B",
	  .actions = "backfill",
	  .help = "load the orders of a range of dates again, after a look at it",
	  .act = action_backfill,
	  .flags = KEY_WRITES },
	{ .codes = { 'u' },
	  .name = "u",
	  .actions = "undo",
	  .help = "take back the newest batch, after a look at what becomes of it",
	  .act = action_undo,
	  .flags = KEY_WRITES },
	{ .codes = { 'U' },
	  .name = "U",
	  .actions = "lock",
	  .brief = "unlock",
	  .words = action_lock_words,
	  .valid = action_can_lock,
	  .help = "unlock with a ticket and a reason, for ten minutes; lock again",
	  .act = action_lock },
	{ .codes = { '?' },
	  .name = "?",
	  .actions = "help",
	  .brief = "help",
	  .help = "show the keys valid here",
	  .act = key_help,
	  .flags = KEY_ALWAYS },
	{ .codes = { ':' },
	  .name = ":",
	  .actions = "prompt",
	  .help = "prompt: a screen, full, incr, cancel RUN, a command that reads",
	  .act = key_prompt },
	{ .codes = { 'q' },
	  .name = "q",
	  .actions = "back",
	  .brief = "back",
	  .help = "go back",
	  .act = key_back,
	  .flags = KEY_ALWAYS },
	{ .codes = { 'Q' },
	  .name = "Q",
	  .actions = "quit",
	  .brief = "quit",
	  .help = "quit the console; runs go on",
	  .act = key_quit,
	  .flags = KEY_ALWAYS },
	{ .codes = { '1', '2', '3', '4', '5', '6' },
	  .name = "1-6",
	  .help = "show a screen",
	  .act = key_screen },
	{ .codes = { '\t', KEY_BTAB }, .name = "Tab", .help = "next screen", .act = key_next },
	{ .codes = { 'r', 'R' },
	  .name = "r",
	  .actions = "refresh",
	  .help = "fetch again now",
	  .act = key_refresh },
	{ .codes = { 'y', 'Y', '$' },
	  .name = "y Y $",
	  .actions = "copy copy-screen copy-command",
	  .help = "copy the line, the screen, the command of this screen",
	  .act = key_copy },
	{ .codes = { 'X' },
	  .name = "X",
	  .actions = "handoff",
	  .help = "write all that is known of the run to two files here, for who takes over",
	  .act = action_handoff },
	{ .codes = { 'b' },
	  .name = "b",
	  .actions = "bell",
	  .help = "ring when a run ends, its worker dies or a check of Health changes; or no more",
	  .act = bell_key },
	{ .codes = { 'Z' },
	  .name = "Z",
	  .actions = "zone",
	  .help = "UTC or local time",
	  .act = key_zone },
	{ .codes = { '<', '>' },
	  .name = "< >",
	  .actions = "earlier later",
	  .help = "time travel: as it stood before the last change, after the next one",
	  .act = travel_key },
	{ .codes = { CTRL_KEY('L') },
	  .name = "Ctrl-L",
	  .help = "print the screen as plain text; any key draws it anew",
	  .act = key_dump },
	{ .name = NULL },
};

/* Rows of lines that scroll where no screen has them: help, a command's answer. */
static const struct key keys_moves[] = { KEY_ROW_MOVE(NULL), { .name = NULL } };

static const struct key *
keys_find_in(const struct console *c, const struct key *rows, int *code)
{
	for (const struct key *row = rows; row && row->name; row++) {
		for (size_t i = 0; i < KEY_CODES && row->codes[i]; i++) {
			if (bind_code(c, row, i) != *code || !keys_valid(c, row))
				continue;
			*code = row->codes[i];
			return row;
		}
	}
	return NULL;
}

bool
keys_valid(const struct console *c, const struct key *row)
{
	return !row->valid || row->valid(&c->ui, console_state(c));
}

/* The row that *code means here, or NULL; *code becomes what the row calls it. */
static const struct key *
keys_find(const struct console *c, int *code)
{
	const struct key *row = keys_find_in(c, console_screen(c)->keys, code);

	return row ? row : keys_find_in(c, keys_everywhere, code);
}

static void
keys_screen(struct console *c, int code)
{
	AUTO_MEM void *tmp = mem_root();
	const struct key *row = keys_find(c, &code);

	if (!row && code == '\033') /* what Esc would close is closed */
		return;
	if (!row)
		ui_say(&c->ui, "no such key here; %s lists those that are", ui_key(&c->ui, "help"));
	else if ((row->flags & KEY_WRITES) && *c->ui.at)
		ui_say(&c->ui, "time travel: '%s' writes; :at goes back to now",
		       bind_name(tmp, c, row));
	else if ((row->flags & KEY_WRITES) && c->ui.locked)
		ui_say(&c->ui, "locked: '%s' writes; %s unlocks with a ticket and a reason",
		       bind_name(tmp, c, row), ui_key(&c->ui, "lock"));
	else
		row->act(&c->ui, console_state(c), code);
}

/* Help and a command's answer: lines that scroll; any other key goes back. */
static void
keys_text(struct console *c, int code)
{
	int meant = code, height = ui_height(&c->ui);
	int tops = c->body ? help_lines(c) - height + 1 : 1;

	if (!keys_find_in(c, keys_moves, &meant))
		keys_find_in(c, keys_everywhere, &meant);
	if (ui_move(&c->scroll, tops > 1 ? tops : 1, height, meant))
		return;
	c->mode = MODE_SCREEN;
	if (meant != 'q' && code != '\033' && meant != '?')
		keys_screen(c, code);
}

void
keys_press(struct console *c, int code)
{
	*c->said = '\0';
	c->travel = 0; /* a step that still waits is not wanted any more */
	if (c->mode == MODE_DUMP) {
		c->mode = MODE_SCREEN;
		terminal_enter();
	} else if (c->mode == MODE_CONFIRM) {
		confirm_press(c, code);
	} else if (c->mode == MODE_HELP || c->mode == MODE_TEXT) {
		keys_text(c, code);
	} else {
		keys_screen(c, code);
	}
}
