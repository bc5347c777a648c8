/* The console's own parts: what screens do not see. */
#ifndef BIKEOPS_UI_CONSOLE_H
#define BIKEOPS_UI_CONSOLE_H

#include "base/mailbox.h"
#include "ops/command.h"
#include "ui/main.h"
#include "ui/screen.h"

#define CONSOLE_SCREENS 8
#define CONSOLE_WORD	32
#define BINDINGS_MAX	64

/* Kinds of posts after the feed's. */
enum console_post { POST_ACTION = FEED_KINDS, POST_ANSWER, POST_KINDS };

/* What takes the keys. */
enum console_mode { MODE_SCREEN, MODE_PROMPT, MODE_CONFIRM, MODE_HELP, MODE_TEXT, MODE_DUMP };

/* An action that waits for its word. */
struct offer {
	const char *word;	     /* what must be typed to send it */
	struct command_line line[4]; /* one after the other */
	size_t n;
};

struct confirm {
	void *mem; /* owns what is below; NULL: none */
	const char *title;
	const char *text; /* blast radius, lines */
	struct offer offers[2];
	size_t n_offers;
	bool dry;		  /* its answer is a dry run, shown below the text */
	struct command_line look; /* that is still to be asked: another's answer comes first */
	int left, top;		  /* cells and lines of that are scrolled away */
	char typed[CONSOLE_WORD];
};

/* A key of the operator's own. */
struct binding {
	const char *action;
	char key[2];
};

struct console {
	struct ui ui;
	void *mem;
	const struct console_options *options;
	struct mailbox *mailbox;
	struct feed *feed;
	struct logreader *logs;		    /* NULL until they are looked at */
	struct feed_item items[FEED_KINDS]; /* what ui.feed points to */
	void *roots[FEED_KINDS];	    /* the messages that own them */
	void *failed[FEED_KINDS];	    /* the last failure since, of such a root; or NULL */
	struct feed_want wanted;
	size_t at, before; /* screens: shown now, and where q goes back to */
	void *states[CONSOLE_SCREENS];
	WINDOW *body;
	WINDOW *input;			    /* a pad: reading from it draws nothing */
	struct binding bound[BINDINGS_MAX]; /* by bikeops.conf */
	size_t n_bound;
	enum console_mode mode;
	bool quit, lost, dirty;
	bool pasting;
	bool cut;	     /* Ctrl-C threw away a part of the paste: its end may never come */
	long long pasted_ms; /* when its last byte came */
	bool rings;	     /* b: when a run ends or a check changes */
	bool bell;	     /* at the next picture */
	char *bell_runs, *bell_checks; /* as they stood at the last look, or NULL */
	char said[512];
	struct confirm confirm;
	char *text, *text_title;     /* MODE_TEXT: a command's answer */
	int scroll;		     /* MODE_TEXT, MODE_HELP */
	int travel;		     /* a step in time that waits for the moments: 1 back, -1 on */
	bool travels;		     /* moments are wanted */
	bool busy;		     /* an action is on its way */
	bool asking;		     /* a command's answer is */
	bool refused;		     /* that was an error: words, no table */
	char *doing;		     /* its news, as one line */
	char *shop;		     /* a folder that is in the way when it ended */
	long long unlocked_until_ms; /* 0: locked, or never is */
	char *ticket, *reason;
	long long fixed_us; /* BIKEOPS_NOW, or 0 */
};

/* --- main.c --- */
const struct screen *console_screen(const struct console *c);
void *console_state(const struct console *c);
void console_show(struct console *c, size_t at);
bool console_show_named(struct console *c, const char *name);
void console_wants(struct console *c, bool live);

/* --- frame.c: all that is drawn, and as text --- */
void frame_resize(struct console *c);
void frame_draw(struct console *c);
char *frame_text(void *mem); /* what stands on the screen */
/* What prints this screen, or NULL. */
char *console_command(void *mem, const struct console *c);

/* --- keys.c: keys of every screen --- */
extern const struct key keys_everywhere[];
bool keys_valid(const struct console *c, const struct key *row);
void keys_press(struct console *c, int code);

/* --- bind.c: keys that bikeops.conf changes --- */
/* Read the setting 'keys'.  ERR_CONFIG: no such action or key, or a key twice on a screen. */
struct err *bind_keys(struct console *c) MUST_CHECK;
/* What is pressed for codes[i] of a row, and the row's name with it. */
int bind_code(const struct console *c, const struct key *row, size_t i);
char *bind_name(void *mem, const struct console *c, const struct key *row);

/* --- travel.c: screens as of an earlier moment --- */
void travel_key(struct ui *ui, void *state, int code); /* < > */
void travel_at(struct console *c, const char *text);   /* "" is now */
void travel_update(struct console *c);

/* --- bell.c --- */
void bell_key(struct ui *ui, void *state, int code);
void bell_update(struct console *c);

/* --- help.c --- */
void help_draw(const struct console *c, WINDOW *win);
/* All lines that there are; the window must be there. */
int help_lines(const struct console *c);

/* --- prompt.c --- */
void prompt_open(struct console *c); /* : */
void prompt_press(struct console *c, int code, bool wide);
void prompt_draw(const struct console *c, int y, int width);
void prompt_close(struct console *c);

/* --- confirm.c --- */
void confirm_press(struct console *c, int code);
void confirm_draw(const struct console *c, WINDOW *win);
void confirm_close(struct console *c);

/* --- offer.c: what could be sent, as previews --- */
bool action_can_start(const struct ui *ui, const void *state);
bool action_can_resume(const struct ui *ui, const void *state);
bool action_can_cancel(const struct ui *ui, const void *state);
void action_trigger(struct ui *ui, void *state, int code);
void action_resume(struct ui *ui, void *state, int code);
void action_cancel(struct ui *ui, void *state, int code);
void action_undo(struct ui *ui, void *state, int code);
void action_backfill(struct ui *ui, void *state, int code);
void action_setup(struct ui *ui, void *state, int code);
const char *action_setup_words(const struct ui *ui, const void *state);
bool action_can_set_up(const struct ui *ui, const void *state);
/* The same for a run or range named at the prompt. */
void action_run(struct console *c, const char *verb, const char *run);

/* --- action.c: sending, and what came of it --- */
/* True, and said: nothing can be sent now. */
bool action_refused(struct console *c);
/* The run at work, or the one that ended last, as a row; NULL: there is none such. */
const struct rows *action_meant(const struct console *c, bool at_work);
void action_send(struct console *c, const struct offer *offer);
/* Ask for the preview's dry run, unless an answer is awaited. */
void action_look(struct console *c);
void action_answer(struct console *c, const struct command_news *news);
void action_news(struct console *c, const struct command_news *news);
/* Show the answer of a command that only reads. */
void action_show(struct console *c, const struct command_line *line);
/* Two files in the console's directory. */
void action_handoff(struct ui *ui, void *state, int code);

/* --- lock.c --- */
bool action_can_lock(const struct ui *ui, const void *state);
const char *action_lock_words(const struct ui *ui, const void *state);
void action_lock(struct ui *ui, void *state, int code);
long long action_unlocked_ms(const struct console *c); /* how much longer */
void action_tick(struct console *c);		       /* lock again when the time is over */

/* --- audit.c --- */
/* False, and said: in production what cannot be written down is not done. */
bool audit_write(struct console *c, const char *what, const char *command, const char *result);

/* --- state.c --- */
void state_save(const struct console *c);
void state_restore(struct console *c);

#endif
