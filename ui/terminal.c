#include "ui/terminal.h"

#include "base/mem.h"
#include "base/thread.h"
#include "ui/output.h"

#include <fcntl.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#define PASTE_ON       "\033[?2004h"
#define PASTE_OFF      "\033[?2004l"
#define QUEUED_MAX     4096 /* bytes that a terminal may be behind */
#define SPOKEN_MAX     8192 /* of stderr, shown at the end */
#define ESCAPE_WAIT_MS 25
#define LEAVE_WAIT_MS  200 /* a terminal that takes nothing for so long is left as it is */

static const int fatal[] = THREAD_FAULTS;
#define N_FATAL (sizeof(fatal) / sizeof(fatal[0]))

static struct termios cooked;
static struct sigaction before[N_FATAL];
static sigset_t mask_before;
static int signals = -1;
static int spoken = -1, stderr_before = -1;
static SCREEN *screen;
static FILE *out;

/* Only what a signal handler may call: the terminal is in some state, and must be in a good one. */
static void
on_fatal(int sig)
{
	static const char reset[] = PASTE_OFF
		"\033[0m\033[?1l\033>\033[?25h\033[?1049l\r\n"
		"bikeops: crashed; runs go on without the console\r\n";

	output_last(reset, sizeof(reset) - 1);
	tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
	if (stderr_before >= 0)
		dup2(stderr_before, STDERR_FILENO);
	for (size_t i = 0; i < N_FATAL; i++)
		sigaction(fatal[i], &before[i], NULL);
	raise(sig);
}

static void
terminal_take_signals(void)
{
	struct sigaction sa = { .sa_handler = on_fatal, .sa_flags = SA_NODEFER };
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGTSTP);
	sigprocmask(SIG_BLOCK, &mask, &mask_before);
	signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	for (size_t i = 0; i < N_FATAL; i++)
		sigaction(fatal[i], &sa, &before[i]);
}

int
terminal_signals(void)
{
	return signals;
}

int
terminal_signal(void)
{
	struct signalfd_siginfo info;

	return read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info) ? (int)info.ssi_signo
									   : 0;
}

/* What libraries say on stderr would tear the screen. */
static void
terminal_mute(void)
{
	spoken = memfd_create("stderr", MFD_CLOEXEC);
	stderr_before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (spoken >= 0 && stderr_before >= 0)
		dup2(spoken, STDERR_FILENO);
}

static void
terminal_unmute(void)
{
	char text[SPOKEN_MAX];

	if (spoken < 0 || stderr_before < 0)
		return;
	dup2(stderr_before, STDERR_FILENO);
	ssize_t n = pread(spoken, text, sizeof(text), 0);
	if (n > 0)
		(void)!write(STDERR_FILENO, text, (size_t)n);
	close(stderr_before);
	close(spoken);
	spoken = stderr_before = -1;
}

/* A description of the terminal: its own, else one that most understand. */
static const char *
terminal_name(void *mem, const char **notice)
{
	static const char *const likely[] = { "xterm-256color", "xterm", "vt100" };
	const char *own = getenv("TERM");
	int known;

	if (own && *own && setupterm(own, STDOUT_FILENO, &known) == OK) {
		del_curterm(cur_term);
		return own;
	}
	for (size_t i = 0; i < 3; i++) {
		if (setupterm(likely[i], STDOUT_FILENO, &known) != OK)
			continue;
		del_curterm(cur_term);
		*notice = mem_printf(mem, "TERM '%s' is not known here: taken as %s",
				     own ? own : "", likely[i]);
		return likely[i];
	}
	return NULL;
}

static void
terminal_modes(void)
{
	cbreak();
	noecho();
	nonl();
	curs_set(0);
	output_add(PASTE_ON, sizeof(PASTE_ON) - 1);
}

struct err *
terminal_open(void *mem, const char **notice)
{
	*notice = NULL;
	const char *name = terminal_name(mem, notice);

	if (!name || tcgetattr(STDIN_FILENO, &cooked))
		return err_hint(err_new(ERR_CONFIG, "this terminal cannot show the console"),
				"'bikeops console --plain' prints lines");
	terminal_take_signals();
	terminal_mute();
	set_escdelay(ESCAPE_WAIT_MS);
	out = output_open();
	screen = out ? newterm(name, out, stdin) : NULL;
	if (!screen) {
		terminal_unmute();
		return err_new(ERR_CONFIG, "cannot begin on a terminal '%s'", name);
	}
	/* ncurses' own handler would leave pastes switched on. */
	signal(SIGTSTP, SIG_DFL);
	define_key("\033[200~", KEY_PASTE_BEGIN);
	define_key("\033[201~", KEY_PASTE_END);
	terminal_modes();
	return NULL;
}

void
terminal_leave(void)
{
	output_drain(LEAVE_WAIT_MS);
	output_add(PASTE_OFF, sizeof(PASTE_OFF) - 1);
	output_begin();
	endwin();
	output_end();
	/* What curses was drawing on is no terminal: its modes are ours to give back. */
	tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
}

void
terminal_keys(void)
{
	struct termios raw = cooked;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

void
terminal_enter(void)
{
	output_begin();
	clearok(curscr, TRUE);
	refresh();
	output_end();
	terminal_modes();
}

bool
terminal_close(void)
{
	terminal_leave();
	bool taken = !output_waits();
	delscreen(screen);
	screen = NULL;
	fclose(out);
	output_close();
	if (taken)
		terminal_unmute();
	for (size_t i = 0; i < N_FATAL; i++)
		sigaction(fatal[i], &before[i], NULL);
	return taken;
}

void
terminal_suspend(void)
{
	terminal_leave();
	output_drain(LEAVE_WAIT_MS);
	raise(SIGSTOP);
	terminal_enter();
}

bool
terminal_ready(void)
{
	struct pollfd fd = { .fd = output_fd(), .events = POLLOUT };
	int queued = 0;

	if (output_waits() || poll(&fd, 1, 0) <= 0)
		return false;
	return ioctl(STDOUT_FILENO, TIOCOUTQ, &queued) || queued < QUEUED_MAX;
}

bool
terminal_is_dumb(void)
{
	const char *name = getenv("TERM");

	return name && !strcmp(name, "dumb");
}
