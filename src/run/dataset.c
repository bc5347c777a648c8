#include "run/dataset.h"

#include "base/mem.h"

#include <stdio.h>
#include <unistd.h>

static const char *const files[] = { "brands",	 "categories", "customers", "order_items", "orders",
				     "products", "staffs",     "stocks",    "stores" };

#define N_FILES (sizeof(files) / sizeof(files[0]))

struct err *
dataset_check(const char *dir)
{
	AUTO_MEM void *tmp = mem_root();
	char *missing = mem_strdup(tmp, "");

	for (size_t i = 0; i < N_FILES; i++) {
		if (access(mem_printf(tmp, "%s/%s.csv", dir, files[i]), R_OK))
			missing = mem_printf(tmp, "%s%s%s.csv", missing, *missing ? ", " : "",
					     files[i]);
	}
	if (!*missing)
		return NULL;
	return err_hint(err_new(ERR_NOTFOUND, "cannot read %s in '%s'", missing, dir),
			"give the folder with the data set's nine files, or make one by "
			"'bikeops generate --out DIR'");
}

static struct err *
copy(FILE *f, const char *path, struct lake_writer *w)
{
	static char part[1 << 16];
	size_t n;

	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		TRY(w->sink.write(&w->sink, part, n));
	return ferror(f) ? err_sys(ERR_DATA, "cannot read '%s'", path) : lake_commit(w);
}

static struct err *
keep(struct lake *lake, const char *dir, const char *name)
{
	AUTO_MEM void *tmp = mem_root();
	const char *path = mem_printf(tmp, "%s/%s.csv", dir, name);
	const char *key = mem_printf(tmp, "dataset/%s.csv", name);
	struct lake_writer *w;
	FILE *f;

	TRY(lake_remove(lake, LAKE_SOURCE, key));
	TRY(lake_create(tmp, lake, LAKE_SOURCE, key, &w));
	f = fopen(path, "re");
	if (!f)
		return err_sys(ERR_NOTFOUND, "cannot read '%s'", path);
	struct err *e = copy(f, path, w);
	fclose(f);
	return e;
}

struct err *
dataset_keep(struct lake *lake, const char *dir)
{
	for (size_t i = 0; i < N_FILES; i++)
		TRY(keep(lake, dir, files[i]));
	return NULL;
}
