#include "base/mem.h"
#include "ui/logs.h"

#include <stdio.h>
#include <string.h>

#define DAY_S 86400

static void
logs_jump(struct ui *ui, struct logs_state *s, enum log_go go)
{
	bool from_end = s->cursor >= LOG_UNNUMBERED;

	s->follow = false;
	logs_ask(ui, s, go, from_end ? LOG_UNNUMBERED : s->cursor);
}

static void
find_done(struct ui *ui, void *state, const char *text)
{
	struct logs_state *s = state;

	snprintf(s->find, sizeof(s->find), "%s", text);
	snprintf(s->ask.find, sizeof(s->ask.find), "%s", text);
	if (*text)
		logs_jump(ui, s, LOG_FIND);
}

void
logs_find(struct ui *ui, void *state, int code)
{
	struct logs_state *s = state;

	if (code == '/') {
		ui_ask(ui, "find: ", s->find, find_done);
		return;
	}
	if (!*s->find) {
		ui_say(ui, "/ says what to find");
		return;
	}
	snprintf(s->ask.find, sizeof(s->ask.find), "%s", s->find);
	logs_jump(ui, s, code == 'n' ? LOG_FIND : LOG_FIND_BACK);
}

void
logs_fault(struct ui *ui, void *state, int code)
{
	logs_jump(ui, state, code == 'e' ? LOG_FAULT : LOG_FAULT_BACK);
}

/* The day is that of the log's first line, or the one after it. */
static void
time_done(struct ui *ui, void *state, const char *text)
{
	const struct log_view *v = logs_view(ui);
	int h, m, sec = 0;

	if (!*text || !v)
		return;
	if (sscanf(text, "%2d:%2d:%2d", &h, &m, &sec) < 2 || h < 0 || h > 23 || m < 0 || m > 59 ||
	    sec < 0 || sec > 60) {
		ui_say(ui, "a time is HH:MM or HH:MM:SS");
		return;
	}
	long long from = v->totals.ruler.from, offset = logs_offset(ui, from);
	long long day = from + offset - (from + offset) % DAY_S;
	long long at = day + h * 3600 + m * 60 + sec - offset;
	at += offset - logs_offset(ui, at); /* the clock may have been turned since */
	struct logs_state *s = state;
	s->follow = false;
	logs_ask(ui, s, LOG_TIME, at < from && at + DAY_S <= v->totals.last ? at + DAY_S : at);
}

void
logs_at(struct ui *ui, void *state, int code)
{
	(void)state, (void)code;
	ui_ask(ui, "time HH:MM:SS: ", "", time_done);
}

/* --- what is shown --- */

static void
filter_done(struct ui *ui, void *state, const char *text)
{
	struct logs_state *s = state;

	snprintf(s->ask.filter.text, sizeof(s->ask.filter.text), "%s", text);
	logs_again(ui, s);
}

void
logs_filter(struct ui *ui, void *state, int code)
{
	struct logs_state *s = state;
	int *context = &s->ask.filter.context;

	if (code == '&') {
		ui_ask(ui, "only lines with: ", s->ask.filter.text, filter_done);
		return;
	}
	if (code == '-')
		*context -= *context > 0;
	else
		*context += *context < CONTEXT_MAX;
	ui_say(ui, "lines around what the filter finds: %d", *context);
	logs_again(ui, s);
}

void
logs_level(struct ui *ui, void *state, int code)
{
	static const enum log_level next[] = {
		[LOG_INFO] = LOG_WARN,
		[LOG_WARN] = LOG_ERROR,
		[LOG_ERROR] = LOG_DEBUG,
		[LOG_DEBUG] = LOG_INFO,
	};
	struct logs_state *s = state;

	(void)code;
	s->ask.filter.level = next[s->ask.filter.level];
	logs_again(ui, s);
}

static void
sources_done(struct ui *ui, void *state, const char *text)
{
	struct logs_state *s = state;
	const struct log_view *v = logs_view(ui);

	for (; v && *text; text++) {
		for (size_t i = 0; i < v->n_sources; i++) {
			if (*text == '*')
				s->ask.filter.hidden = 0;
			else if (v->sources[i].letter == *text)
				s->ask.filter.hidden ^= 1ULL << i;
		}
	}
	logs_again(ui, s);
}

void
logs_sources(struct ui *ui, void *state, int code)
{
	(void)state, (void)code;
	ui_ask(ui, "hide or show the letters (* shows all): ", "", sources_done);
}

void
logs_switch(struct ui *ui, void *state, int code)
{
	struct logs_state *s = state;

	if (code == 'w') {
		s->wrap = !s->wrap;
		s->left = 0;
	} else if (code == 'F') {
		s->follow = !s->follow;
		logs_again(ui, s);
	} else {
		s->ask.filter.fold = !s->ask.filter.fold;
		s->ask.filter.n_open = 0;
		logs_again(ui, s);
	}
}

/* Open the stack of the cursor's line, or close it again. */
void
logs_open_stack(struct ui *ui, void *state, int code)
{
	struct logs_state *s = state;
	struct log_filter *f = &s->ask.filter;
	const struct log_view *v = logs_view(ui);
	size_t at = 0;

	(void)code;
	if (!v || !v->page.n || !logs_numbered(ui, s))
		return;
	const struct log_row *r = &v->page.rows[logs_row(v, s->cursor)];
	while (at < f->n_open && f->open[at] != r->n)
		at++;
	if (at < f->n_open) {
		f->open[at] = f->open[--f->n_open];
	} else if (r->folded) {
		logs_stack_open(f, r->n);
	} else {
		s->wrap = !s->wrap;
	}
	s->follow = false;
	logs_again(ui, s);
}

static void
save_done(struct ui *ui, void *state, const char *text)
{
	struct logs_state *s = state;

	if (!*text)
		return;
	snprintf(s->ask.find, sizeof(s->ask.find), "%s", text);
	logs_ask(ui, s, LOG_SAVE, s->cursor < LOG_UNNUMBERED ? s->cursor : 0);
}

void
logs_save_as(struct ui *ui, void *state, int code)
{
	AUTO_MEM void *tmp = mem_root();
	const struct logs_state *s = state;

	(void)code;
	ui_ask(ui, "save what is let through to the new file: ",
	       mem_printf(tmp, "run-%lld.log", s->shown), save_done);
}
