#include "base/mem.h"
#include "base/strbuf.h"
#include "local/home.h"
#include "ui/console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_MAX 65536

/* One line: what follows would be another. */
static void
state_line(struct strbuf *sb, const char *name, const char *value)
{
	strbuf_printf(sb, "%s ", name);
	for (; *value; value++)
		strbuf_char(sb, (unsigned char)*value < ' ' ? ' ' : *value);
	strbuf_char(sb, '\n');
}

void
state_save(const struct console *c)
{
	AUTO_MEM void *tmp = mem_root();
	char *path = home_state_path(tmp, "console"), *fresh = mem_printf(tmp, "%s.new", path);
	struct strbuf sb;

	strbuf_init(&sb, tmp, STATE_MAX);
	state_line(&sb, "profile", settings_profile(c->ui.settings));
	state_line(&sb, "screen", console_screen(c)->name);
	state_line(&sb, "run", mem_printf(tmp, "%lld", c->ui.run));
	state_line(&sb, "task", c->ui.task);
	state_line(&sb, "time", c->ui.local_time ? "local" : "UTC");
	state_line(&sb, "dag", c->ui.setup ? "setup" : "pipeline");
	state_line(&sb, "bell", c->rings ? "on" : "off");
	for (size_t i = 0; screens[i]; i++) {
		char *text = screens[i]->save ? screens[i]->save(tmp, c->states[i]) : NULL;

		if (text)
			state_line(&sb, mem_printf(tmp, "of.%s", screens[i]->name), text);
	}
	FILE *f = fopen(fresh, "we");
	if (!f)
		return;
	bool ok = fwrite(sb.s, 1, sb.len, f) == sb.len;
	if (fclose(f) == 0 && ok)
		rename(fresh, path);
}

static void
state_take(struct console *c, const char *name, const char *value)
{
	if (!strcmp(name, "screen"))
		console_show_named(c, value);
	else if (!strcmp(name, "run"))
		c->ui.run = strtoll(value, NULL, 10);
	else if (!strcmp(name, "task"))
		snprintf(c->ui.task, sizeof(c->ui.task), "%s", value);
	else if (!strcmp(name, "time"))
		c->ui.local_time = !strcmp(value, "local");
	else if (!strcmp(name, "dag"))
		c->ui.setup = !strcmp(value, "setup");
	else if (!strcmp(name, "bell"))
		c->rings = !strcmp(value, "on");
	for (size_t i = 0; !strncmp(name, "of.", 3) && screens[i]; i++) {
		if (!strcmp(name + 3, screens[i]->name) && screens[i]->restore)
			screens[i]->restore(c->states[i], value);
	}
}

/* What stood on another profile's screen means nothing here. */
void
state_restore(struct console *c)
{
	AUTO_MEM void *tmp = mem_root();
	FILE *f = fopen(home_state_path(tmp, "console"), "re");
	char *line = NULL;
	size_t size = 0;
	bool ours = false;

	while (f && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		char *value = strchr(line, ' ');

		if (!value)
			continue;
		*value++ = '\0';
		if (!strcmp(line, "profile"))
			ours = !strcmp(value, settings_profile(c->ui.settings));
		else if (ours)
			state_take(c, line, value);
	}
	free(line);
	if (f)
		fclose(f);
}
