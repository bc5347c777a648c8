/* Clocks and their texts.  All times are microseconds since 1970 UTC. */
#ifndef BIKEOPS_BASE_TIME_H
#define BIKEOPS_BASE_TIME_H

#include <stdbool.h>

long long time_now_us(void);  /* the wall clock */
long long time_tick_ms(void); /* never goes back: for durations */
long long time_boot_ms(void); /* so too, and goes on while the machine sleeps */
void time_sleep_ms(int ms);   /* ends early when a cancel is requested */

/* "2026-07-15T14:04:12Z"; "2026/07/15"; "0.31 s", "4:12" or "1:04:12"; "45 s", "3 min", "2 h", "5
 * d" */
char *time_iso(void *mem, long long us);
char *time_path(void *mem, long long us);
char *time_duration(void *mem, long long ms);
char *time_age(void *mem, long long seconds);
/* "2026-07-15T14:04:12.5Z" or "..+02:00"; false where it is none. */
bool time_parse(const char *text, long long *us);
/*
 * A moment that an operator wrote, as such a text in UTC, cut to the second: also "03:12" and
 * "03:12:07", the last one before now.
 */
bool time_moment(void *mem, const char *text, long long now_us, char **iso);
/* Is it a real day written YYYY-MM-DD? */
bool time_is_day(const char *text);

#endif
