/* The engine alone: make the staging tables of one manifest.  usage: transform LAKE MANIFEST */
#include "engine/engine.h"
#include "run/manifest.h"

#include "base/mem.h"

#include <stdio.h>

static struct err *
transform(void *mem, const char *dir, const char *key)
{
	const struct engine_config config = { .threads = 2 };
	struct staging *staging;
	struct engine *engine;
	struct lake *lake;
	struct batch *batch;

	TRY(lake_open_folder(mem, dir, &lake));
	TRY(manifest_read(mem, lake, key, &batch));
	TRY(engine_open_duckdb(mem, &config, lake, &engine));
	TRY(engine_transform(mem, engine, batch, &staging, NULL));
	return staging_write(lake, batch, staging);
}

int
main(int argc, char **argv)
{
	AUTO_MEM void *mem = mem_root();
	struct err *e;

	if (argc != 3)
		return 2;
	e = transform(mem, argv[1], argv[2]);
	if (e)
		fprintf(stderr, "%s\n", err_text(mem, e));
	return e != NULL;
}
