/* What was last said of each thing, so that only what changes is said. */
#ifndef BIKEOPS_UI_SAID_H
#define BIKEOPS_UI_SAID_H

#include <stdbool.h>

struct said; /* opaque */

struct said *said_new(void *mem);
/* Is this news?  It is kept. */
bool said_changed(struct said *said, const char *name, const char *state);
/* All was told once more.  Where much is kept, what was not named since the last call is dropped.
 */
void said_round(struct said *said);

#endif
