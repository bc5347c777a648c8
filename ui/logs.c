#include "ui/logs.h"

#include "base/mem.h"
#include "base/time.h"

#include <stdio.h>
#include <string.h>

#define LEFT_STEP 20

const struct log_view *
logs_view(const struct ui *ui)
{
	return ui_view(ui, FEED_LOGS);
}

size_t
logs_row(const struct log_view *v, long long n)
{
	size_t lo = 0, hi = v->page.n;

	while (hi - lo > 1) {
		size_t mid = (lo + hi) / 2;

		if (v->page.rows[mid].n <= n)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static void *
logs_init(void *mem)
{
	struct logs_state *s = mem_new(mem, struct logs_state);

	s->follow = true;
	s->ask.filter.level = LOG_INFO;
	s->ask.filter.fold = true;
	return s;
}

/* --- asking --- */

void
logs_ask(struct ui *ui, struct logs_state *s, enum log_go go, long long from)
{
	s->ask.number++;
	s->ask.go = go;
	s->ask.from = from;
	s->ask.run = ui->run;
	s->ask.rows = logs_body(ui_height(ui));
	snprintf(s->ask.task, sizeof(s->ask.task), "%s", ui->task);
	logreader_ask(ui_logs(ui), &s->ask);
}

/* Around the cursor again, with another filter or size. */
void
logs_again(struct ui *ui, struct logs_state *s)
{
	if (s->follow || s->cursor >= LOG_UNNUMBERED)
		logs_ask(ui, s, LOG_END, 0);
	else
		logs_ask(ui, s, LOG_AT, s->cursor);
}

/* --- before a draw --- */

static int
rows_height(const struct logs_state *s, const struct log_view *v, size_t from, size_t to, int width,
	    int max)
{
	int height = 0;

	for (size_t i = from; i < to && height <= max; i++)
		height += logs_height(s, v, i, width);
	return height;
}

/* The first row to draw, so that row i is seen and the screen is full where it can be. */
static size_t
top_for(const struct logs_state *s, const struct log_view *v, size_t top, size_t i, int width,
	int body)
{
	top = i < top ? i : top;
	if (top + (size_t)body < i)
		top = i - (size_t)body;
	while (top < i && rows_height(s, v, top, i + 1, width, body) > body)
		top++;
	while (top > 0 && v->page.last && v->page.n - top < (size_t)body &&
	       rows_height(s, v, top - 1, v->page.n, width, body) <= body)
		top--;
	return top;
}

static void
logs_place(const struct ui *ui, struct logs_state *s, const struct log_view *v, bool jumped)
{
	int body = logs_body(ui_height(ui)), width = ui_width(ui);
	size_t i = logs_row(v, s->cursor), top = logs_row(v, s->top);

	if (!v->page.n)
		return;
	if (jumped || s->follow)
		top = i > (size_t)body / 3 ? i - (size_t)body / 3 : 0;
	if (s->follow)
		top = 0;
	s->top = v->page.rows[top_for(s, v, top, i, width, body)].n;
}

void
logs_stack_open(struct log_filter *f, long long n)
{
	size_t room = sizeof(f->open) / sizeof(*f->open);

	f->n_open -= f->n_open == room;
	f->open[f->n_open++] = n;
}

/* What was found may be in a folded stack. */
static void
logs_unfold(struct ui *ui, struct logs_state *s, const struct log_view *v)
{
	const struct log_row *r = v->page.n ? &v->page.rows[logs_row(v, v->at)] : NULL;

	if (!r || v->at <= r->n || v->at - r->n > r->folded)
		return;
	logs_stack_open(&s->ask.filter, r->n);
	logs_again(ui, s);
}

/* An answer to the last question: go where it points. */
static bool
logs_take(struct ui *ui, struct logs_state *s, const struct log_view *v)
{
	if (v->ask.number != s->ask.number || s->taken == s->ask.number)
		return false;
	s->taken = s->ask.number;
	if (s->ask.go == LOG_AT || s->ask.go == LOG_SAVE)
		return false;
	if (v->at < 0 && s->ask.go != LOG_END)
		ui_say(ui, s->ask.go == LOG_TIME ? "no line is of that time or later"
			   : s->ask.go == LOG_FAULT || s->ask.go == LOG_FAULT_BACK
				   ? "no more errors this way"
				   : "not found this way");
	if (v->at < 0)
		return false;
	s->cursor = v->at;
	logs_unfold(ui, s, v);
	return true;
}

/* Rows are had on both sides of the cursor, or there are none. */
static void
logs_prefetch(struct ui *ui, struct logs_state *s, const struct log_view *v)
{
	size_t i = logs_row(v, s->cursor), body = (size_t)logs_body(ui_height(ui));
	bool near_first = !v->page.first && i < body;
	bool near_last = !v->page.last && i + body >= v->page.n;

	if (s->taken != s->ask.number || s->cursor >= LOG_UNNUMBERED || s->follow)
		return;
	if (near_first || near_last || s->ask.go == LOG_END || s->ask.rows < (int)body)
		logs_ask(ui, s, LOG_AT, s->cursor);
}

/* Of another run or task: what was opened and hidden is none of these lines and files. */
static void
logs_other(struct ui *ui, struct logs_state *s, const struct log_view *v)
{
	if (v->run == s->shown && !strcmp(v->ask.task, s->task))
		return;
	s->shown = v->run;
	snprintf(s->task, sizeof(s->task), "%s", v->ask.task);
	s->ask.filter.n_open = 0;
	if (!s->ask.filter.hidden)
		return;
	s->ask.filter.hidden = 0;
	logs_again(ui, s);
}

static void
logs_update(struct ui *ui, void *state)
{
	struct logs_state *s = state;
	const struct log_view *v = logs_view(ui);
	bool jumped;

	logreader_touch(ui_logs(ui));
	if (!s->ask.number) {
		logs_again(ui, s);
	} else if (s->ask.run != ui->run || strcmp(s->ask.task, ui->task) != 0) {
		s->follow = true;
		logs_ask(ui, s, LOG_END, 0);
	}
	if (!v)
		return;
	jumped = logs_take(ui, s, v);
	logs_other(ui, s, v);
	if (s->follow && v->page.n && s->ask.go == LOG_END)
		s->cursor = v->page.rows[v->page.n - 1].n;
	logs_place(ui, s, v, jumped);
	logs_prefetch(ui, s, v);
}

/* --- moving --- */

/* At the end without numbers there is no way back yet. */
bool
logs_numbered(struct ui *ui, const struct logs_state *s)
{
	if (s->cursor < LOG_UNNUMBERED)
		return true;
	ui_say(ui, "the index is being made; %s goes to the first line, %s stays at the last",
	       ui_key(ui, "first"), ui_key(ui, "follow"));
	return false;
}

static void
logs_move(struct ui *ui, void *state, int code)
{
	struct logs_state *s = state;
	const struct log_view *v = logs_view(ui);
	bool first = code == 'g' || code == KEY_HOME, last = code == 'G' || code == KEY_END;

	if (!v || !v->page.n)
		return;
	if (first || last) {
		s->follow = false;
		logs_ask(ui, s, first ? LOG_AT : LOG_END, 0);
		s->cursor = first ? 0 : s->cursor;
		return;
	}
	if (!logs_numbered(ui, s))
		return;
	int i = (int)logs_row(v, s->cursor);
	ui_move(&i, (int)v->page.n, logs_body(ui_height(ui)), code);
	s->cursor = v->page.rows[i].n;
	s->follow = false;
}

static void
logs_sideways(struct ui *ui, void *state, int code)
{
	struct logs_state *s = state;

	(void)ui;
	if (code == 'l' || code == KEY_RIGHT)
		s->left += s->left < 8 * LOG_TEXT_MAX ? LEFT_STEP : 0;
	else
		s->left = code == '0' || s->left < LEFT_STEP ? 0 : s->left - LEFT_STEP;
}

/* --- the row --- */

static char *
logs_path(void *mem, const struct ui *ui, const void *state)
{
	const struct logs_state *s = state;

	if (!s->shown)
		return mem_strdup(mem, "logs");
	return *ui->task ? mem_printf(mem, "logs > %lld > %s", s->shown, ui->task)
			 : mem_printf(mem, "logs > %lld", s->shown);
}

static char *
logs_command(void *mem, const struct ui *ui, const void *state)
{
	const struct logs_state *s = state;
	char *run = s->shown ? mem_printf(mem, " %lld", s->shown) : mem_strdup(mem, "");

	return mem_printf(mem, "bikeops logs%s%s%s%s", run, *ui->task && s->shown ? " " : "",
			  s->shown ? ui->task : "", s->follow ? " --follow" : "");
}

static char *
logs_cell(void *mem, const struct ui *ui, const void *state)
{
	const struct logs_state *s = state;
	const struct log_view *v = logs_view(ui);

	if (!v || !v->page.n)
		return NULL;
	const struct log_row *r = &v->page.rows[logs_row(v, s->cursor)];
	return r->at ? mem_printf(mem, "%s %s", time_iso(mem, r->at * 1000000), r->text)
		     : mem_strdup(mem, r->text);
}

static char *
logs_save(void *mem, const void *state)
{
	const struct logs_state *s = state;

	return mem_printf(mem, "%d %d %d %d %d %lld %s", s->follow, s->wrap, s->ask.filter.fold,
			  (int)s->ask.filter.level, s->ask.filter.context,
			  s->cursor < LOG_UNNUMBERED ? s->cursor : 0, s->ask.filter.text);
}

static void
logs_restore(void *state, const char *text)
{
	struct logs_state *s = state;
	int follow, wrap, fold, level, context, n = 0;
	long long cursor;

	if (sscanf(text, "%d %d %d %d %d %lld %n", &follow, &wrap, &fold, &level, &context, &cursor,
		   &n) < 6 ||
	    level < LOG_ERROR || level > LOG_DEBUG || context < 0 || context > CONTEXT_MAX ||
	    cursor < 0)
		return;
	s->cursor = cursor;
	s->follow = follow;
	s->wrap = wrap;
	s->ask.filter.fold = fold;
	s->ask.filter.level = (enum log_level)level;
	s->ask.filter.context = context;
	snprintf(s->ask.filter.text, sizeof(s->ask.filter.text), "%s", n ? text + n : "");
}

static void
logs_all(struct ui *ui, void *state, int code)
{
	(void)state, (void)code;
	*ui->task = '\0';
}

static bool
logs_has_task(const struct ui *ui, const void *state)
{
	(void)state;
	return *ui->task;
}

static const struct key keys[] = {
	KEY_ROW_MOVE(logs_move),
	{ .codes = { '/' },
	  .name = "/",
	  .actions = "find",
	  .brief = "find",
	  .help = "find a text",
	  .act = logs_find },
	{ .codes = { 'n', 'N' },
	  .name = "n N",
	  .actions = "next-match previous-match",
	  .help = "next match, the one before",
	  .act = logs_find },
	{ .codes = { 'e', 'E' },
	  .name = "e E",
	  .actions = "next-error previous-error",
	  .brief = "error",
	  .help = "next error, the one before",
	  .act = logs_fault },
	{ .codes = { '&' },
	  .name = "&",
	  .actions = "filter",
	  .brief = "filter",
	  .help = "show only lines with a text",
	  .act = logs_filter },
	{ .codes = { '+', '-' },
	  .name = "+ -",
	  .actions = "more-context less-context",
	  .help = "more or fewer lines around those",
	  .act = logs_filter },
	{ .codes = { 'm' },
	  .name = "m",
	  .actions = "level",
	  .brief = "level",
	  .help = "show from info, warning, error or debug on",
	  .act = logs_level },
	{ .codes = { 'o' },
	  .name = "o",
	  .actions = "sources",
	  .brief = "sources",
	  .help = "hide or show files by their letters",
	  .act = logs_sources },
	{ .codes = { 'a' },
	  .name = "a",
	  .actions = "all-tasks",
	  .brief = "all tasks",
	  .help = "show every task's log, not one's",
	  .act = logs_all,
	  .valid = logs_has_task },
	{ .codes = { 'T' },
	  .name = "T",
	  .actions = "time",
	  .brief = "time",
	  .help = "go to a time",
	  .act = logs_at },
	{ .codes = { 'F' },
	  .name = "F",
	  .actions = "follow",
	  .brief = "follow",
	  .help = "stay at the last line, or stop that",
	  .act = logs_switch },
	{ .codes = { 'w' },
	  .name = "w",
	  .actions = "wrap",
	  .brief = "wrap",
	  .help = "wrap long lines",
	  .act = logs_switch },
	{ .codes = { 'z' },
	  .name = "z",
	  .actions = "fold",
	  .help = "fold stacks, or show all of them",
	  .act = logs_switch },
	{ .codes = { '\n', '\r', KEY_ENTER },
	  .name = "Enter",
	  .help = "open the folded stack, or close it; wrap another line",
	  .act = logs_open_stack },
	{ .codes = { 'h', 'l', '0', KEY_LEFT, KEY_RIGHT },
	  .name = "h l 0",
	  .actions = "left right line-begin",
	  .help = "scroll to the left, to the right, back to the line's begin",
	  .act = logs_sideways },
	{ .codes = { 's' },
	  .name = "s",
	  .actions = "save",
	  .brief = "save",
	  .help = "save to a file",
	  .act = logs_save_as },
	{ .name = NULL },
};

const struct screen screen_logs = {
	.key = '3',
	.name = "Logs",
	.init = logs_init,
	.update = logs_update,
	.draw = logs_draw,
	.path = logs_path,
	.command = logs_command,
	.cell = logs_cell,
	.keys = keys,
	.save = logs_save,
	.restore = logs_restore,
};
