#include "ops/undo.h"

#include "base/mem.h"
#include "ops/start.h"

struct err *
undo_new(const struct settings *settings, long long undo, long long *id)
{
	AUTO_MEM void *tmp = mem_root();
	struct run_request request = { .mode = "undo", .undo = undo };
	struct warehouse *w;
	struct undo found;

	TRY(warehouse_open(tmp, settings, "bikeops_run", "bikeops undo", &w));
	TRY(warehouse_undo_find(tmp, w, undo, 0, &found));
	return start_new(settings, &request, id);
}
