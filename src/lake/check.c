#include "base/mem.h"
#include "lake/kind.h"

#include <string.h>
#include <unistd.h>

void
lake_check_add(struct rows *r, const char *name, const char *value, const char *limit,
	       const char *state, const char *hint)
{
	const char *cells[] = { name, value, limit, state, hint };

	rows_add(r, cells);
}

void
lake_check_fail(struct rows *r, const char *name, struct err *e)
{
	AUTO_MEM void *tmp = mem_root();

	lake_check_add(r, name, err_text(tmp, e), NULL, "fail", err_hint_of(e));
	err_free(e);
}

static struct err *
write_one(struct lake *lake, enum lake_bucket bucket, const char *key)
{
	AUTO_MEM void *tmp = mem_root();
	struct lake_writer *w;

	TRY(lake_create(tmp, lake, bucket, key, &w));
	TRY(w->sink.write(&w->sink, key, strlen(key)));
	TRY(lake_commit(w));
	return lake_remove(lake, bucket, key);
}

/* A key that no run writes. */
static void
write_all(struct lake *lake, struct rows *r)
{
	for (int i = LAKE_SOURCE; i <= LAKE_LOG; i++) {
		AUTO_MEM void *tmp = mem_root();
		char *key = mem_printf(tmp, ".write-test-%d", (int)getpid());
		char *name = mem_printf(tmp, "writes %s", lake_buckets[i]);
		struct err *e = write_one(lake, (enum lake_bucket)i, key);

		if (e)
			lake_check_fail(r, name, e);
		else
			lake_check_add(r, name, "written and removed", NULL, "ok", NULL);
	}
}

struct rows *
lake_checks(void *mem, struct lake *lake, bool write)
{
	static const char *const names[] = { "name", "value", "limit", "state", "hint" };
	struct rows *r = rows_new(mem, 5);

	for (size_t i = 0; i < 5; i++)
		rows_column(r, i, names[i], ROWS_TEXT);
	if (lake->kind->checks)
		lake->kind->checks(lake, r);
	if (write)
		write_all(lake, r);
	return r;
}
