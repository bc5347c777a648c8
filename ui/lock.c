#include "base/mem.h"
#include "base/time.h"
#include "ui/console.h"

#include <string.h>

#define UNLOCK_MS (600 * 1000LL)

/* No wall clock: one that is set back would unlock for longer. */
static long long
lock_clock_ms(const struct console *c)
{
	return c->fixed_us ? c->fixed_us / 1000 : time_boot_ms();
}

static void
action_lock_now(struct console *c, const char *why)
{
	audit_write(c, "lock", NULL, why);
	mem_free(c->ticket);
	mem_free(c->reason);
	c->ticket = c->reason = NULL;
	c->unlocked_until_ms = 0;
	c->ui.locked = true;
	if (c->mode == MODE_CONFIRM)
		confirm_close(c);
	ui_say(&c->ui, "locked: %s", why);
}

static void
action_reason(struct ui *ui, void *state, const char *text)
{
	struct console *c = ui->console;

	(void)state;
	if (!text[strspn(text, " ")]) {
		ui_say(ui, "still locked: no reason was given");
		return;
	}
	mem_free(c->reason);
	c->reason = mem_strdup(c->mem, text);
	if (!audit_write(c, "unlock", NULL, "for 10 min"))
		return;
	c->unlocked_until_ms = lock_clock_ms(c) + UNLOCK_MS;
	ui->locked = false;
	ui_say(ui, "you may write for ten minutes (%s, \"%s\"); %s locks again", c->ticket,
	       c->reason, ui_key(ui, "lock"));
}

static void
action_ticket(struct ui *ui, void *state, const char *text)
{
	struct console *c = ui->console;

	(void)state;
	if (!text[strspn(text, " ")]) {
		ui_say(ui, "still locked: no ticket was given");
		return;
	}
	mem_free(c->ticket);
	c->ticket = mem_strdup(c->mem, text);
	ui_ask(ui, "reason: ", "", action_reason);
}

bool
action_can_lock(const struct ui *ui, const void *state)
{
	(void)state;
	return settings_bool(ui->settings, "production");
}

const char *
action_lock_words(const struct ui *ui, const void *state)
{
	(void)state;
	return ui->locked ? "unlock" : "lock";
}

void
action_lock(struct ui *ui, void *state, int code)
{
	(void)state, (void)code;
	if (ui->locked)
		ui_ask(ui, "ticket: ", "", action_ticket);
	else
		action_lock_now(ui->console, "by hand");
}

long long
action_unlocked_ms(const struct console *c)
{
	return c->unlocked_until_ms - lock_clock_ms(c);
}

void
action_tick(struct console *c)
{
	if (c->unlocked_until_ms && action_unlocked_ms(c) <= 0)
		action_lock_now(c, "ten minutes are over");
}
