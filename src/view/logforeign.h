/* Lines of other programs' logs, stamped as ours are. */
#ifndef BIKEOPS_VIEW_LOGFOREIGN_H
#define BIKEOPS_VIEW_LOGFOREIGN_H

#include "base/strbuf.h"

#include <stddef.h>

/*
 * Add a line to out, with its end: one of log4j ("26/11/26 12:00:00 WARN Task: lost") or of
 * Airflow 3 (a JSON object) as "2026-11-26T12:00:00Z warning Task: lost"; another as it is.
 *
 * seconds  since 1970 UTC: the stamp of a line that has none of its own, or 0: it stays so
 */
void logforeign_line(struct strbuf *out, const char *line, size_t n, long long seconds);

#endif
