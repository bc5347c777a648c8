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

const struct batch_file *
batch_next(const struct batch *b, const char *entity, const struct batch_file *after)
{
	for (size_t i = after ? (size_t)(after - b->files) + 1 : 0; i < b->n_files; i++) {
		if (!strcmp(b->files[i].entity, entity))
			return &b->files[i];
	}
	return NULL;
}

long long
batch_rows(const struct batch *b, const char *entity)
{
	const struct batch_file *f = NULL;
	long long rows = 0;

	while ((f = batch_next(b, entity, f)))
		rows += f->rows;
	return rows;
}

long long
batch_bytes(const struct batch *b, const char *entity)
{
	const struct batch_file *f = NULL;
	long long bytes = 0;

	while ((f = batch_next(b, entity, f)))
		bytes += f->bytes;
	return bytes;
}
