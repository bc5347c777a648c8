/* Does a process still live?  Its number alone does not tell: numbers come again. */
#ifndef BIKEOPS_BASE_ALIVE_H
#define BIKEOPS_BASE_ALIVE_H

#include <stdbool.h>

/*
 * When pid began, in clock ticks since boot; -1 where there is no such process
 * or only its zombie.  Source: proc(5), /proc/PID/stat, fields 3 and 22.
 */
long long process_start_ticks(int pid);
/* The line of such a file, for the above and its test; -1 where it is none. */
long long process_stat_ticks(const char *line);
/* Is it the one that began then? */
bool process_alive(int pid, long long start);

#endif
