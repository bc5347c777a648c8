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
	bool another = e && (e->code == ERR_NOTFOUND || e->code == ERR_DATA);

	*there = !e && !strcmp(text.s, f->text);
	if (another)
		err_free(e);
	return another ? NULL : e;
}

struct err *
deploy_keep(struct lake *lake)
{
	for (const struct deploy_file *f = deploy_files; f->key; f++) {
		AUTO_MEM void *tmp = mem_root();
		struct lake_writer *w;
		bool there;

		TRY(is_there(lake, f, &there));
		if (there)
			continue;
		TRY(lake_remove(lake, LAKE_SOURCE, f->key));
		TRY(lake_create(tmp, lake, LAKE_SOURCE, f->key, &w));
		TRY(w->sink.write(&w->sink, f->text, strlen(f->text)));
		TRY(lake_commit(w));
	}
	return NULL;
}
