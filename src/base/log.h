/*
 * Talk on stderr: what the program does, for people.  Data goes to stdout.
 * Lines are made safe for a terminal; the worker's also carry a time.
 */
#ifndef BIKEOPS_BASE_LOG_H
#define BIKEOPS_BASE_LOG_H

#include "base/err.h"

#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Show lines up to level; stamped lines begin with the UTC time and the level. */
void log_setup(enum log_level level, bool stamped);
enum log_level log_threshold(void);

/* A line for the file of log_tee() alone: people hear of it in another way. */
void log_file(enum log_level level, const char *text);
/* Also write every line, stamped, to fd from now on; -1 ends that. */
void log_tee(int fd);

void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* "bikeops: MSG" and the hint; where it was raised with LOG_DEBUG. */
void log_err(const struct err *e);
/* A line that the next one overwrites, on a terminal only; "" wipes it. */
void log_status(const char *text);

#endif
