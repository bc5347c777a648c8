#include "run/deploy.h"

#include "base/mem.h"

#include <stdbool.h>
#include <string.h>

static struct err *
is_there(struct lake *lake, const struct deploy_file *f, bool *there)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf text;
	struct err *e = lake_read(tmp, lake, LAKE_SOURCE, f->key, strlen(f->text) + 1, &text);

	*there = false;
	if (!e) {
		*there = !strcmp(text.s, f->text);
		return NULL;
	}
	if (e->code != ERR_NOTFOUND && e->code != ERR_DATA)
		return e;
	err_free(e); /* another text, or none */
	return NULL;
}

static struct err *
keep(struct lake *lake, const struct deploy_file *f)
{
	AUTO_MEM void *tmp = mem_root();
	struct lake_writer *w;
	bool there;

	TRY(is_there(lake, f, &there));
	if (there)
		return NULL;
	TRY(lake_remove(lake, LAKE_SOURCE, f->key));
	TRY(lake_create(tmp, lake, LAKE_SOURCE, f->key, &w));
	TRY(w->sink.write(&w->sink, f->text, strlen(f->text)));
	return lake_commit(w);
}

struct err *
deploy_keep(struct lake *lake)
{
	for (const struct deploy_file *f = deploy_files; f->key; f++)
		TRY(keep(lake, f));
	return NULL;
}
