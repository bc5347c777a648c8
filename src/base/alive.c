#include "base/alive.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name in parentheses may hold spaces and parentheses: the last one ends it. */
long long
process_stat_ticks(const char *line)
{
	const char *at = strrchr(line, ')');
	char *end;

	if (!at || at[1] != ' ' || !at[2] || strchr("ZX", at[2]))
		return -1;
	at += 2;
	for (int field = 3; field < 22; field++) {
		at = strchr(at, ' ');
		if (!at++)
			return -1;
	}
	long long ticks = strtoll(at, &end, 10);
	return end == at ? -1 : ticks;
}

long long
process_start_ticks(int pid)
{
	char path[40], line[1024];
	long long ticks = -1;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return -1;
	if (fgets(line, sizeof(line), f))
		ticks = process_stat_ticks(line);
	fclose(f);
	return ticks;
}

bool
process_alive(int pid, long long start)
{
	long long ticks = pid > 0 ? process_start_ticks(pid) : -1;

	return ticks >= 0 && ticks == start;
}
