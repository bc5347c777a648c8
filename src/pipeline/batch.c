#include "pipeline/batch.h"

#include <string.h>

struct err *
batch_timezone(const struct watermark *wm, const char *zone)
{
	if (!wm->business_timezone || !strcmp(wm->business_timezone, zone))
		return NULL;
	return err_hint(err_new(ERR_REFUSED,
				"business_timezone is '%s', but what is loaded is cut at "
				"the midnights of '%s'",
				zone, wm->business_timezone),
			"set it back, or begin anew with 'bikeops setup --recreate --dataset DIR'");
}
