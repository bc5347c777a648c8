#include "base/time.h"

#include "unit.h"

#include <stdlib.h>
#include <time.h>

struct clock_row {
	const char *name;
	long long us;
	const char *iso, *path;
};

static const struct clock_row clock_rows[] = {
	{ "zero", 0, "1970-01-01T00:00:00Z", "1970/01/01" },
	{ "leap day", 1709251199999999, "2024-02-29T23:59:59Z", "2024/02/29" },
	{ "past 2038", 4102444800000000, "2100-01-01T00:00:00Z", "2100/01/01" },
};

static void
clocks(void **state)
{
	const struct clock_row *row = *state;
	AUTO_MEM void *tmp = mem_root();

	assert_string_equal(time_iso(tmp, row->us), row->iso);
	assert_string_equal(time_path(tmp, row->us), row->path);
}

struct span_row {
	const char *name;
	char *(*print)(void *mem, long long span);
	long long span;
	const char *want;
};

static const struct span_row span_rows[] = {
	{ "no time", time_duration, 0, "0.00 s" },
	{ "a moment", time_duration, 314, "0.31 s" },
	{ "just under 10 s", time_duration, 9999, "9.99 s" },
	{ "10 s", time_duration, 10000, "0:10" },
	{ "minutes", time_duration, 252000, "4:12" },
	{ "just under an hour", time_duration, 3599999, "59:59" },
	{ "an hour", time_duration, 3600000, "1:00:00" },
	{ "hours", time_duration, 3852000, "1:04:12" },
	{ "now", time_age, 0, "0 s" },
	{ "seconds", time_age, 119, "119 s" },
	{ "2 minutes", time_age, 120, "2 min" },
	{ "just under 2 hours", time_age, 7199, "119 min" },
	{ "2 hours", time_age, 7200, "2 h" },
	{ "just under 2 days", time_age, 172799, "47 h" },
	{ "2 days", time_age, 172800, "2 d" },
};

static void
spans(void **state)
{
	const struct span_row *row = *state;
	AUTO_MEM void *tmp = mem_root();

	assert_string_equal(row->print(tmp, row->span), row->want);
}

struct day_row {
	const char *name; /* the text itself */
	bool want;
};

static const struct day_row day_rows[] = {
	{ "2026-07-15", true },	 { "2024-02-29", true },   { "2023-02-29", false },
	{ "2100-02-29", false }, { "2000-02-29", true },   { "2026-04-31", false },
	{ "2026-13-01", false }, { "2026-00-10", false },  { "2026-01-00", false },
	{ "2026-7-15", false },	 { "2026-07-15 ", false }, { " 2026-07-15", false },
	{ "20260715", false },	 { "yesterday", false },   { "", false },
	{ "1900-01-01", true },	 { "2199-12-31", true },   { "+2026-1-15", false },
	{ "2026- 7-15", false },
};

static void
days(void **state)
{
	const struct day_row *row = *state;

	assert_int_equal(time_is_day(row->name), row->want);
}

static void
clock_runs(void **state)
{
	long long tick = time_tick_ms(), wall = time_now_us();

	(void)state;
	assert_true(wall / 1000000 - (long long)time(NULL) <= 1);
	time_sleep_ms(20);
	assert_in_range(time_tick_ms() - tick, 19, 5000);
	assert_in_range(time_now_us() - wall, 19000, 5000000);
}

struct parse_row {
	const char *name; /* the text */
	long long want;	  /* -1: it is none */
};

static const struct parse_row parse_rows[] = {
	{ "1970-01-01T00:00:01Z", 1000000 },
	{ "2026-07-15T14:04:12.5Z", 1784124252500000 },
	{ "2026-07-15T14:04:12.1234567Z", 1784124252123456 },
	{ "2026-07-15T16:04:12+02:00", 1784124252000000 },
	{ "2026-07-15T16:34:12+0230", 1784124252000000 },
	{ "2026-07-15T12:04:12-02:00", 1784124252000000 },
	{ "2026-07-15T14:04:12", -1 },
	{ "2026-07-15T14:04:12Zx", -1 },
	{ "2026-07-15T14:04:12+2", -1 },
	{ "2026-07-15T14:04:12+02:00x", -1 },
	{ "2026-07-15T14:04:12 Z", -1 },
	{ "2026-07-15T14:04:12+24:00", -1 },
	{ "2026-07-15T14:04:12+02:60", -1 },
	{ "2026-07-15T14:04:12+-2:00", -1 },
	{ "2026-02-30T14:04:12Z", -1 },
	{ "2023-02-29T14:04:12Z", -1 },
	{ "2024-02-29T14:04:12Z", 1709215452000000 },
	{ "2026-07-15", -1 },
	{ "", -1 },
};

static void
parses(void **state)
{
	const struct parse_row *row = *state;
	long long us = -1;

	assert_int_equal(time_parse(row->name, &us), row->want != -1);
	assert_int_equal(us, row->want);
}

#define MOMENT_NOW 1784124252500000 /* 2026-07-15T14:04:12.5Z */

struct moment_row {
	const char *name; /* the text */
	const char *want; /* NULL: it is none */
};

static const struct moment_row moment_rows[] = {
	{ "14:04", "2026-07-15T14:04:00Z" },
	{ "14:05", "2026-07-14T14:05:00Z" },
	{ "3:12", "2026-07-15T03:12:00Z" },
	{ "03:12:07", "2026-07-15T03:12:07Z" },
	{ "14:04:12", "2026-07-15T14:04:12Z" },
	{ "14:04:13", "2026-07-14T14:04:13Z" },
	{ "00:00", "2026-07-15T00:00:00Z" },
	{ "23:59:59", "2026-07-14T23:59:59Z" },
	{ "24:00", NULL },
	{ "12:60", NULL },
	{ "12:00:60", NULL },
	{ "-1:00", NULL },
	{ "12", NULL },
	{ "12:00x", NULL },
	{ "12:00:", NULL },
	{ "", NULL },
	{ "2026-07-15", NULL },
	{ "2026-07-15T03:12:00+02:00", "2026-07-15T01:12:00Z" },
	{ "2026-07-15T03:12:00.9Z", "2026-07-15T03:12:00Z" },
};

static void
moments(void **state)
{
	const struct moment_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	char *iso = NULL;

	assert_int_equal(time_moment(tmp, row->name, MOMENT_NOW, &iso), row->want != NULL);
	if (row->want)
		assert_string_equal(iso, row->want);
}

int
main(void)
{
	struct unit u = { 0 };

	setenv("TZ", "Asia/Kolkata", 1); /* all texts are UTC */
	UNIT_ROWS(&u, clocks, clock_rows);
	UNIT_ROWS(&u, spans, span_rows);
	UNIT_ROWS(&u, days, day_rows);
	UNIT_ROWS(&u, parses, parse_rows);
	UNIT_ROWS(&u, moments, moment_rows);
	UNIT(&u, clock_runs);
	return unit_run(&u, "time");
}
