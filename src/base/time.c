#include "base/time.h"

#include "base/cancel.h"
#include "base/mem.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_US 86400000000LL

long long
time_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

static long long
time_clock_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

long long
time_tick_ms(void)
{
	return time_clock_ms(CLOCK_MONOTONIC);
}

long long
time_boot_ms(void)
{
	return time_clock_ms(CLOCK_BOOTTIME);
}

void
time_sleep_ms(int ms)
{
	struct pollfd fd = { .fd = cancel_fd(), .events = POLLIN };

	poll(&fd, 1, ms);
}

static struct tm
time_utc(long long us)
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	return tm;
}

char *
time_iso(void *mem, long long us)
{
	struct tm tm = time_utc(us);
	char text[64];

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return mem_strdup(mem, text);
}

char *
time_path(void *mem, long long us)
{
	struct tm tm = time_utc(us);
	char text[64];

	strftime(text, sizeof(text), "%Y/%m/%d", &tm);
	return mem_strdup(mem, text);
}

char *
time_duration(void *mem, long long ms)
{
	long long s = ms / 1000;

	if (ms < 10000)
		return mem_printf(mem, "%lld.%02lld s", s, ms % 1000 / 10);
	if (s < 3600)
		return mem_printf(mem, "%lld:%02lld", s / 60, s % 60);
	return mem_printf(mem, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
}

char *
time_age(void *mem, long long s)
{
	if (s < 120)
		return mem_printf(mem, "%lld s", s);
	if (s < 2 * 3600)
		return mem_printf(mem, "%lld min", s / 60);
	if (s < 48 * 3600)
		return mem_printf(mem, "%lld h", s / 3600);
	return mem_printf(mem, "%lld d", s / 86400);
}

/* "Z", "+02:00" or "+0200" as seconds east; false for anything else. */
static bool
time_zone(const char *text, int *seconds)
{
	int sign = *text == '-' ? -1 : 1, hours, minutes, n = 0;

	*seconds = 0;
	if (!strcmp(text, "Z"))
		return true;
	if (*text != '+' && *text != '-')
		return false;
	if ((sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &n) != 2 &&
	     sscanf(text + 1, "%2d%2d%n", &hours, &minutes, &n) != 2) ||
	    text[1 + n] || hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return false;
	*seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool
time_parse(const char *text, long long *us)
{
	struct tm tm = { 0 };
	const char *s = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int zone;

	if (!s)
		return false;
	long long fraction = 0, unit = 100000;
	if (*s == '.') {
		for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
			fraction += (*s - '0') * unit;
	}
	if (!time_zone(s, &zone))
		return false;
	int day = tm.tm_mday;
	long long seconds = timegm(&tm);
	if (tm.tm_mday != day) /* 31 February becomes 3 March */
		return false;
	*us = (seconds - zone) * 1000000LL + fraction;
	return true;
}

bool
time_moment(void *mem, const char *text, long long now_us, char **iso)
{
	int h, m, s = 0, n = 0;
	long long us;

	if ((sscanf(text, "%2d:%2d%n", &h, &m, &n) == 2 && !text[n]) ||
	    (sscanf(text, "%2d:%2d:%2d%n", &h, &m, &s, &n) == 3 && !text[n])) {
		if (h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 59)
			return false;
		us = now_us - now_us % DAY_US + ((h * 60LL + m) * 60 + s) * 1000000;
		us -= us > now_us ? DAY_US : 0;
	} else if (!time_parse(text, &us)) {
		return false;
	}
	*iso = time_iso(mem, us);
	return true;
}

bool
time_is_day(const char *text)
{
	struct tm tm = { 0 };
	char again[16];
	const char *end = strptime(text, "%Y-%m-%d", &tm);

	if (!end || *end || strlen(text) != 10)
		return false;
	tm.tm_isdst = 0;
	timegm(&tm);
	return strftime(again, sizeof(again), "%Y-%m-%d", &tm) && !strcmp(again, text);
}
