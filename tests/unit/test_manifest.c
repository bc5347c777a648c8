#include "run/manifest.h"

#include "unit.h"

#include <stdlib.h>

/* What Spark or another version wrote is data: what lacks in it is said. */
struct strange_row {
	const char *name;
	const char *text;
	bool good;
};

#define FILE1 "{\"entity\":\"stores\",\"key\":\"p/a1/stores.csv\",\"header\":\"a,b\"}"

static const struct strange_row manifest_rows[] = {
	{ "whole", "{\"version\":1,\"mode\":\"full\",\"prefix\":\"p\",\"files\":[" FILE1 "]}",
	  true },
	{ "no JSON", "{", false },
	{ "another version", "{\"version\":2}", false },
	{ "no mode", "{\"version\":1,\"prefix\":\"p\",\"files\":[]}", false },
	{ "a mode that is no text", "{\"version\":1,\"mode\":1,\"prefix\":\"p\"}", false },
	{ "a file without its key",
	  "{\"version\":1,\"mode\":\"full\",\"prefix\":\"p\",\"files\":[{\"entity\":\"x\"}]}",
	  false },
};

static const struct strange_row staging_rows[] = {
	{ "whole",
	  "{\"version\":1,\"tables\":[{\"table\":\"t\",\"entity\":\"e\",\"keys\":[\"k\"]}]}",
	  true },
	{ "no tables", "{\"version\":1}", false },
	{ "a table without its name",
	  "{\"version\":1,\"tables\":[{\"entity\":\"e\",\"keys\":[\"k\"]}]}", false },
	{ "a key that is no text",
	  "{\"version\":1,\"tables\":[{\"table\":\"t\",\"entity\":\"e\",\"keys\":[7]}]}", false },
};

static struct lake *
lake_with(void *mem, char *dir, enum lake_bucket bucket, const char *key, const char *text)
{
	struct lake_writer *w;
	struct lake *lake;

	assert_non_null(mkdtemp(dir));
	assert_err(lake_open_folder(mem, dir, &lake), NULL);
	assert_err(lake_create(mem, lake, bucket, key, &w), NULL);
	assert_err(w->sink.write(&w->sink, text, strlen(text)), NULL);
	assert_err(lake_commit(w), NULL);
	return lake;
}

static void
assert_strange(struct err *e, bool good)
{
	if (good) {
		assert_err(e, NULL);
		return;
	}
	assert_non_null(e);
	assert_int_equal(e->code, ERR_DATA);
	assert_non_null(strstr(e->msg, "is no manifest of this version"));
	err_free(e);
}

static void
remove_dir(void *mem, const char *dir)
{
	assert_int_equal(system(mem_printf(mem, "rm -r '%s'", dir)), 0); /* banned-ok: a test */
}

static void
reads_manifests(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	char dir[] = "/tmp/bikeops-test-manifest-XXXXXX";
	const struct strange_row *row = *state;
	struct lake *lake = lake_with(tmp, dir, LAKE_RAW, "p/a1/manifest.json", row->text);
	struct batch *b;

	assert_strange(manifest_read(tmp, lake, "p/a1/manifest.json", &b), row->good);
	remove_dir(tmp, dir);
}

static void
reads_stagings(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	char dir[] = "/tmp/bikeops-test-manifest-XXXXXX";
	const struct strange_row *row = *state;
	const struct batch b = { .prefix = "p", .attempt = 1 };
	struct lake *lake = lake_with(tmp, dir, LAKE_PROCESSED, "p/a1/staging.json", row->text);
	struct staging *s;

	assert_strange(staging_read(tmp, lake, &b, &s), row->good);
	remove_dir(tmp, dir);
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, reads_manifests, manifest_rows);
	UNIT_ROWS(&u, reads_stagings, staging_rows);
	return unit_run(&u, "manifest");
}
