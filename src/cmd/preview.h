/* What a run would do, for people: the same facts as JSON's, in words. */
#ifndef BIKEOPS_CMD_PREVIEW_H
#define BIKEOPS_CMD_PREVIEW_H

#include "base/rows.h"

/* Of view/plan.h: the window as a list, the rows under other names. */
struct rows *preview_window(void *mem, const struct rows *window);
struct rows *preview_rows(void *mem, const struct rows *rows);
/* Of view/undo.h. */
struct rows *preview_undo(void *mem, const struct rows *undo);
struct rows *preview_tables(void *mem, const struct rows *tables);

#endif
