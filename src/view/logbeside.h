/* A thread that mirrors the logs of the run that is looked at, where the lake is S3. */
#ifndef BIKEOPS_VIEW_LOGBESIDE_H
#define BIKEOPS_VIEW_LOGBESIDE_H

struct logbeside; /* opaque */

/* config  the --config file, or NULL */
struct logbeside *logbeside_start(const char *config, const char *profile, long long run);
/* Somebody still looks; without, the thread rests after some seconds. */
void logbeside_touch(struct logbeside *b);
/* It ends when its network lets it: only thread_end_left() waits.  NULL is fine. */
void logbeside_stop(struct logbeside *b);

#endif
