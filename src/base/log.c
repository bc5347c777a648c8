#include "base/log.h"

#include "base/mem.h"
#include "base/text.h"
#include "base/thread.h"
#include "base/time.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_MAX 8192

static enum log_level threshold = LOG_INFO;
static bool stamp;
static atomic_int tee = -1;

/* Of what follows, and of the tee: who ends it closes its file then. */
static struct mutex *speaking;
static bool status_shown;

void
log_setup(enum log_level level, bool stamped)
{
	threshold = level;
	stamp = stamped;
}

enum log_level
log_threshold(void)
{
	return threshold;
}

/* One write a line, so that lines of several threads and processes stay whole. */
static void
log_write(int fd, const char *before, const char *text)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf sb;

	strbuf_init(&sb, tmp, LOG_LINE_MAX);
	strbuf_str(&sb, before);
	text_safe(&sb, text);
	if (sb.full)
		sb.len--;
	sb.full = false;
	strbuf_char(&sb, '\n');
	(void)!write(fd, sb.s, sb.len);
}

static char *
log_stamp(void *mem, enum log_level level)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };

	return mem_printf(mem, "%s %s ", time_iso(mem, time_now_us()), names[level]);
}

static void
log_everywhere(enum log_level level, const char *text)
{
	AUTO_MEM void *tmp = mem_root();
	const char *time = log_stamp(tmp, level);

	mutex_lock(mutex_shared(&speaking));
	if (tee >= 0)
		log_write(tee, time, text);
	if (level <= threshold)
		log_write(STDERR_FILENO, stamp ? time : status_shown ? "\r\033[K" : "", text);
	status_shown = false;
	mutex_unlock(speaking);
}

void
log_file(enum log_level level, const char *text)
{
	AUTO_MEM void *tmp = mem_root();

	mutex_lock(mutex_shared(&speaking));
	if (tee >= 0)
		log_write(tee, log_stamp(tmp, level), text);
	mutex_unlock(speaking);
}

void
log_tee(int fd)
{
	mutex_lock(mutex_shared(&speaking));
	tee = fd;
	mutex_unlock(speaking);
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	AUTO_MEM void *tmp = mem_root();
	va_list ap;

	if (level > threshold && tee < 0)
		return;
	va_start(ap, fmt);
	char *text = mem_check(talloc_vasprintf(tmp, fmt, ap));
	va_end(ap);
	log_everywhere(level, text);
}

void
log_err(const struct err *e)
{
	AUTO_MEM void *tmp = mem_root();
	const char *hint = err_hint_of(e);

	log_line(LOG_ERROR, "bikeops: %s", err_text(tmp, e));
	if (hint)
		log_line(LOG_ERROR, "  %s", hint);
	for (; e; e = e->cause)
		log_debug("  raised at %s:%d: %s", e->file, e->line, e->msg);
}

void
log_status(const char *text)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf sb;

	if (!isatty(STDERR_FILENO) || stamp)
		return;
	strbuf_init(&sb, tmp, LOG_LINE_MAX);
	strbuf_str(&sb, "\r\033[K");
	if (*text) { /* what is too long does not wrap */
		strbuf_str(&sb, "\033[?7l");
		text_safe(&sb, text);
		strbuf_str(&sb, "\033[?7h");
	}
	mutex_lock(mutex_shared(&speaking));
	(void)!write(STDERR_FILENO, sb.s, sb.len);
	status_shown = *text != '\0';
	mutex_unlock(speaking);
}
