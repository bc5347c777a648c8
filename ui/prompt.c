#include "base/mem.h"
#include "base/text.h"
#include "ui/console.h"
#include "ui/draw.h"

#include <readline/history.h>
#include <readline/readline.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define HISTORY_MAX 500

/* readline is one for the whole process, and so is what it calls. */
static struct {
	struct console *console;
	const char *label;
	void (*done)(struct ui *ui, void *state, const char *text); /* NULL: the : prompt */
	char *line; /* what was entered; taken after the key */
	bool entered;
	unsigned char bytes[64]; /* of one key, for readline to read */
	size_t n, at;
	bool begun;
} prompt;

/* --- what the : prompt knows --- */

static void
say_quit(struct console *c, const char *args)
{
	(void)args;
	c->quit = true;
}

static void
say_setup(struct console *c, const char *args)
{
	(void)args;
	c->ui.setup = true;
	console_show_named(c, "pipeline");
}

static void
say_pipeline(struct console *c, const char *args)
{
	(void)args;
	c->ui.setup = false;
	console_show_named(c, "pipeline");
}

static void
say_run(struct console *c, const char *args)
{
	char *end;
	long long run = strtoll(args, &end, 10);

	if (*end || run < 0)
		ui_say(&c->ui, "'%s' is not a run", args);
	else
		c->ui.run = run;
}

static void
say_full(struct console *c, const char *args)
{
	(void)args;
	action_run(c, "full", NULL);
}

static void
say_incr(struct console *c, const char *args)
{
	(void)args;
	action_run(c, "incremental", NULL);
}

static void
say_cancel(struct console *c, const char *args)
{
	action_run(c, "cancel", args);
}

static void
say_resume(struct console *c, const char *args)
{
	action_run(c, "resume", args);
}

static void
say_undo(struct console *c, const char *args)
{
	action_run(c, "undo", args);
}

static void
say_save(struct console *c, const char *args)
{
	AUTO_MEM void *tmp = mem_root();

	if (!*args) {
		ui_say(&c->ui, "save-screen needs a file");
		return;
	}
	c->mode = MODE_SCREEN;
	*c->said = '\0';
	frame_draw(c);
	FILE *f = fopen(args, "we");
	if (f)
		fputs(frame_text(tmp), f);
	if (!f || fclose(f))
		ui_say(&c->ui, "cannot write '%s'", args);
	else
		ui_say(&c->ui, "saved '%s'", args);
}

static void
say_theme(struct console *c, const char *args)
{
	theme_start(args, false);
	clearok(curscr, TRUE);
	c->dirty = true;
}

static void
say_at(struct console *c, const char *args)
{
	travel_at(c, args);
}

static void
say_help(struct console *c, const char *args)
{
	(void)args;
	c->mode = MODE_HELP;
	c->scroll = 0;
}

static const struct word {
	const char *name, *words;
	void (*act)(struct console *c, const char *args);
} words[] = {
	{ "pipeline", NULL, say_pipeline },
	{ "setup", NULL, say_setup },
	{ "run", NULL, say_run },
	{ "full", NULL, say_full },
	{ "incr", NULL, say_incr },
	{ "cancel", NULL, say_cancel },
	{ "resume", NULL, say_resume },
	{ "undo", NULL, say_undo },
	{ "at", NULL, say_at },
	{ "save-screen", NULL, say_save },
	{ "theme", "dark light mono", say_theme },
	{ "keys", NULL, say_help },
	{ "quit", NULL, say_quit },
	{ NULL, NULL, NULL },
};

/* A command that only reads; those that write have their own words, with a preview. */
static bool
say_command(struct console *c, char *text)
{
	const struct console_word *row = c->options->words;
	struct command_line line = { { 0 } };
	size_t n = 0;
	char *rest;

	for (char *w = strtok_r(text, " ", &rest); w && n < COMMAND_ARGS - 1;
	     w = strtok_r(NULL, " ", &rest))
		line.args[n++] = w;
	while (row->name && n && strcmp(row->name, line.args[0]) != 0)
		row++;
	if (!n || !row->name)
		return false;
	if (row->reads)
		action_show(c, &line);
	else
		ui_say(&c->ui, "'%s' writes: here keys do, with a preview; %s lists them",
		       row->name, ui_key(&c->ui, "help"));
	return true;
}

static void
prompt_obey(struct console *c, const char *text)
{
	AUTO_MEM void *tmp = mem_root();
	size_t n = strcspn(text, " ");
	char *name = mem_strndup(tmp, text, n);
	const char *args = text + n + strspn(text + n, " ");

	for (const struct word *row = words; row->name; row++) {
		if (!strcmp(row->name, name)) {
			row->act(c, args);
			return;
		}
	}
	if (*name && !console_show_named(c, name) && !say_command(c, mem_strdup(tmp, text)))
		ui_say(&c->ui, "'%s' is no word here; Tab lists them", name);
}

/* --- completion --- */

/* Of a row's words, or of all names; index counts over the three lists. */
static const char *
prompt_name(const struct console *c, size_t index)
{
	for (const struct word *row = words; row->name; row++) {
		if (!index--)
			return row->name;
	}
	for (size_t i = 0; screens[i]; i++) {
		if (!index--)
			return screens[i]->name;
	}
	for (const struct console_word *row = c->options->words; row->name; row++) {
		if (row->reads && !index--)
			return row->name;
	}
	return NULL;
}

static char *
complete_name(const char *text, int again)
{
	static size_t index;
	const char *name;

	if (!again)
		index = 0;
	while ((name = prompt_name(prompt.console, index)) != NULL) {
		index++;
		if (!strncasecmp(name, text, strlen(text)))
			return strdup(name); /* banned-ok: readline frees it */
	}
	return NULL;
}

static const char *
prompt_words(const char *line)
{
	size_t n = strcspn(line, " ");

	for (const struct word *row = words; row->name; row++) {
		if (strlen(row->name) == n && !strncmp(row->name, line, n))
			return row->words;
	}
	for (const struct console_word *row = prompt.console->options->words; row->name; row++) {
		if (strlen(row->name) == n && !strncmp(row->name, line, n))
			return row->words;
	}
	return NULL;
}

static char *
complete_word(const char *text, int again)
{
	static const char *at;

	if (!again)
		at = prompt_words(rl_line_buffer);
	while (at && *at) {
		const char *word = at;
		size_t n = strcspn(at, " ");

		at += n + strspn(at + n, " ");
		if (n >= strlen(text) && !strncmp(word, text, strlen(text)))
			return strndup(word, n); /* banned-ok: readline frees it */
	}
	return NULL;
}

static char **
prompt_complete(const char *text, int start, int end)
{
	(void)end;
	rl_attempted_completion_over = 1;
	if (prompt.done)
		return NULL;
	return rl_completion_matches(text, start ? complete_word : complete_name);
}

static void
prompt_matches(char **matches, int n, int longest)
{
	AUTO_MEM void *tmp = mem_root();
	char *text = mem_strdup(tmp, "");

	(void)longest;
	for (int i = 1; i <= n; i++)
		text = mem_printf(tmp, "%s%s ", text, matches[i]);
	ui_say(&prompt.console->ui, "%s", text);
}

/* --- readline, which gets its keys from curses and draws nothing --- */

static int
prompt_getc(FILE *f)
{
	(void)f;
	return prompt.at < prompt.n ? prompt.bytes[prompt.at++] : EOF;
}

static void
prompt_nothing(void)
{
}

static int
prompt_silent(void)
{
	return 0;
}

static void
prompt_line(char *line)
{
	prompt.line = line;
	prompt.entered = true;
	rl_callback_handler_remove();
}

static void
prompt_begin(void)
{
	static char breaks[] = " "; /* readline 8.1 has no const */

	if (prompt.begun)
		return;
	prompt.begun = true;
	rl_readline_name = "bikeops";
	rl_catch_signals = 0;
	rl_catch_sigwinch = 0;
	rl_change_environment = 0;
	rl_prep_term_function = NULL;
	rl_deprep_term_function = NULL;
	rl_redisplay_function = prompt_nothing;
	rl_getc_function = prompt_getc;
	rl_attempted_completion_function = prompt_complete;
	rl_completion_display_matches_hook = prompt_matches;
	rl_terminal_name = "dumb";
	rl_inhibit_completion = 0;
	rl_variable_bind("bell-style", "none");
	rl_variable_bind("enable-bracketed-paste", "off");
	rl_completer_word_break_characters = breaks;
	rl_input_available_hook = prompt_silent;
	stifle_history(HISTORY_MAX);
}

static void
prompt_start(struct console *c, const char *label, const char *text,
	     void (*done)(struct ui *ui, void *state, const char *text))
{
	prompt_begin();
	prompt.console = c;
	prompt.label = label;
	prompt.done = done;
	prompt.entered = false;
	rl_callback_handler_install("", prompt_line);
	rl_insert_text(text);
	c->mode = MODE_PROMPT;
	c->dirty = true;
}

void
prompt_open(struct console *c)
{
	prompt_start(c, ":", "", NULL);
}

void
ui_ask(struct ui *ui, const char *label, const char *text,
       void (*done)(struct ui *ui, void *state, const char *text))
{
	prompt_start(ui->console, label, text ? text : "", done);
}

/* The keys that readline knows by another name. */
static int
prompt_control(int code)
{
	static const int pairs[][2] = {
		{ KEY_LEFT, 'B' }, { KEY_RIGHT, 'F' }, { KEY_UP, 'P' },	       { KEY_DOWN, 'N' },
		{ KEY_HOME, 'A' }, { KEY_END, 'E' },   { KEY_BACKSPACE, 'H' }, { KEY_ENTER, 'M' },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		if (pairs[i][0] == code)
			return CTRL_KEY(pairs[i][1]);
	}
	return 0;
}

/* Keys after which readline waits for none that may never come. */
static bool
prompt_takes(int code)
{
	return code >= ' ' ||
	       strchr("\001\002\004\005\006\b\t\n\v\r\016\020\024\025\027\031", code);
}

static void
prompt_feed(int code, bool wide)
{
	mbstate_t state = { 0 };
	char bytes[sizeof(prompt.bytes)];
	int control = wide ? 0 : prompt_control(code);

	prompt.at = prompt.n = 0;
	if (control) {
		prompt.bytes[prompt.n++] = (unsigned char)control;
	} else if (wide && code && prompt_takes(code)) {
		size_t n = wcrtomb(bytes, (wchar_t)code, &state);

		if (n == (size_t)-1)
			return;
		memcpy(prompt.bytes, bytes, n);
		prompt.n = n;
	}
	while (prompt.at < prompt.n && !prompt.entered)
		rl_callback_read_char();
}

/*
 * As if the line had been entered: a history line that was changed keeps its undo list else, and
 * the next prompt would free it again.
 */
void
prompt_close(struct console *c)
{
	prompt_feed('\n', true);
	free(prompt.line);
	prompt.line = NULL;
	c->mode = MODE_SCREEN;
}

/* The line may open what comes next: the prompt is closed first. */
static void
prompt_end(struct console *c)
{
	char *line = prompt.line;
	void (*done)(struct ui *, void *, const char *) = prompt.done;

	prompt.line = NULL;
	c->mode = MODE_SCREEN;
	if (line && done) {
		done(&c->ui, console_state(c), line);
	} else if (line) {
		if (*line)
			add_history(line);
		prompt_obey(c, line);
	}
	free(line);
}

void
prompt_press(struct console *c, int code, bool wide)
{
	bool empty_delete = wide && code == CTRL_KEY('D') && !rl_end;

	*c->said = '\0';
	if (wide && (code == '\033' || code == CTRL_KEY('G') || empty_delete)) {
		prompt_close(c);
		return;
	}
	if (!wide && code == KEY_DC) {
		rl_delete(1, 0);
		return;
	}
	prompt_feed(code, wide);
	if (prompt.entered)
		prompt_end(c);
}

void
prompt_draw(const struct console *c, int y, int width)
{
	AUTO_MEM void *tmp = mem_root();
	int label = (int)text_width(prompt.label);
	int at = label + (int)text_width(mem_strndup(tmp, rl_line_buffer, (size_t)rl_point));
	int skip = at >= width ? at - width + 1 : 0;
	char *text = mem_printf(tmp, "%s%s", prompt.label, rl_line_buffer);

	(void)c;
	draw_from(stdscr, y, 0, width, C_TEXT, text, skip);
	wmove(stdscr, y, at - skip);
	curs_set(1);
}
