#include "base/mem.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/time.h"
#include "local/home.h"
#include "ui/console.h"

#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define AUDIT_LINE_MAX 65536

static void
audit_pair(struct strbuf *sb, const char *name, const char *value)
{
	if (!value)
		return;
	if (sb->len > 1)
		strbuf_str(sb, ", ");
	strbuf_json(sb, name);
	strbuf_str(sb, ": ");
	strbuf_json(sb, value);
}

bool
audit_write(struct console *c, const char *what, const char *command, const char *result)
{
	AUTO_MEM void *tmp = mem_root();
	char *path = home_state_path(tmp, "audit.jsonl");
	struct passwd *pw = getpwuid(getuid());
	struct strbuf sb;

	strbuf_init(&sb, tmp, AUDIT_LINE_MAX);
	strbuf_char(&sb, '{');
	audit_pair(&sb, "at", time_iso(tmp, time_now_us()));
	audit_pair(&sb, "who", pw ? pw->pw_name : "unknown");
	audit_pair(&sb, "profile", settings_profile(c->ui.settings));
	audit_pair(&sb, "what", what);
	audit_pair(&sb, "command", command);
	audit_pair(&sb, "ticket", c->ticket);
	audit_pair(&sb, "reason", c->reason);
	audit_pair(&sb, "result", result);
	strbuf_str(&sb, "}\n");
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	bool done = fd >= 0 && write(fd, sb.s, sb.len) == (ssize_t)sb.len;
	if (fd >= 0)
		close(fd);
	if (!done && settings_bool(c->ui.settings, "production"))
		ui_say(&c->ui, "refused: cannot write '%s'", path);
	return done || !settings_bool(c->ui.settings, "production");
}
