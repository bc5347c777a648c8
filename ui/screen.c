#include "ui/screen.h"

#include "base/mem.h"
#include "base/time.h"
#include "ui/console.h"
#include "view/logreader.h"
#include "view/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define AGE_STEP_S 5

const void *
ui_view(const struct ui *ui, enum feed_kind kind)
{
	const struct feed_item *item = ui->feed[kind];

	/* What is of another moment than the title says is shown by none. */
	if (!item || ((FEED_OF_THEN & 1U << kind) && strcmp(item->want.at, ui->at) != 0))
		return NULL;
	return item->view;
}

const char *
ui_absent(const struct ui *ui, enum feed_kind kind)
{
	const struct feed_item *item = ui->feed[kind], *ledger = ui->feed[FEED_STATUS];
	const struct status *s = ui_view(ui, FEED_STATUS);

	if (item && item->error)
		return item->error;
	if (ledger && ledger->error)
		return ledger->error;
	return s && !strcmp(s->state, "empty") ? "nothing is set up here yet; 1 shows how to begin"
					       : "asking the ledger ...";
}

void
ui_go(struct ui *ui, char key)
{
	for (size_t i = 0; screens[i]; i++) {
		if (screens[i]->key == key)
			console_show(ui->console, i);
	}
}

void
ui_back(struct ui *ui)
{
	struct console *c = ui->console;

	if (c->before != c->at)
		console_show(c, c->before);
	else
		ui_say(ui, "this is where the console began; %s quits", ui_key(ui, "quit"));
	c->before = c->at;
}

void
ui_say(struct ui *ui, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ui->console->said, sizeof(ui->console->said), fmt, ap);
	va_end(ap);
	ui->console->dirty = true;
}

void
ui_refresh(struct ui *ui, bool live)
{
	if (live)
		console_wants(ui->console, true);
	else
		feed_refresh(ui->console->feed, true);
}

struct logreader *
ui_logs(struct ui *ui)
{
	struct console *c = ui->console;

	if (!c->logs)
		c->logs = logreader_start(c->mem, c->options->settings, c->options->config,
					  c->mailbox, FEED_LOGS);
	return c->logs;
}

int
ui_height(const struct ui *ui)
{
	return ui->console->body ? getmaxy(ui->console->body) : 1;
}

int
ui_width(const struct ui *ui)
{
	(void)ui;
	return COLS;
}

/* --- times --- */

static bool
ui_parse(const char *iso, struct tm *tm)
{
	*tm = (struct tm){ 0 };
	return iso && strptime(iso, "%Y-%m-%dT%H:%M:%SZ", tm);
}

long long
ui_us(const char *iso)
{
	struct tm tm;

	return ui_parse(iso, &tm) ? (long long)timegm(&tm) * 1000000 : 0;
}

static char *
ui_time(void *mem, const struct ui *ui, const char *iso, bool day)
{
	char text[32] = "";
	struct tm tm;

	if (!ui_parse(iso, &tm))
		return mem_strdup(mem, "");
	if (ui->local_time) {
		time_t at = timegm(&tm);

		localtime_r(&at, &tm);
	}
	if (day)
		strftime(text, sizeof(text), "%m-%d %H:%M", &tm);
	else
		strftime(text, sizeof(text), "%H:%M:%S", &tm);
	return mem_strdup(mem, text);
}

char *
ui_clock(void *mem, const struct ui *ui, const char *iso)
{
	return ui_time(mem, ui, iso, false);
}

char *
ui_day(void *mem, const struct ui *ui, const char *iso)
{
	return ui_time(mem, ui, iso, true);
}

char *
ui_age(void *mem, const struct ui *ui, long long at_us)
{
	long long s = at_us && at_us < ui->now_us ? (ui->now_us - at_us) / 1000000 : 0;

	return s < AGE_STEP_S ? mem_strdup(mem, "now") : time_age(mem, s - s % AGE_STEP_S);
}

char *
ui_ago(void *mem, const struct ui *ui, long long at_us)
{
	char *age = ui_age(mem, ui, at_us);

	return strcmp(age, "now") != 0 ? mem_printf(mem, "%s ago", age)
				       : mem_strdup(mem, "just now");
}

/* --- lists --- */

bool
ui_move(int *cursor, int n, int page, int code)
{
	int step = page > 1 ? page - 1 : 1;
	int to = *cursor;

	if (code == 'j' || code == KEY_DOWN)
		to++;
	else if (code == 'k' || code == KEY_UP)
		to--;
	else if (code == ' ' || code == KEY_NPAGE)
		to += step;
	else if (code == KEY_PPAGE)
		to -= step;
	else if (code == 'g' || code == KEY_HOME)
		to = 0;
	else if (code == 'G' || code == KEY_END)
		to = n - 1;
	else
		return false;
	*cursor = to >= n ? (n ? n - 1 : 0) : to < 0 ? 0 : to;
	return true;
}
