#include "engine/duckdb_api.h"

#include "base/mem.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HINT "'make deps' fetches the right one; setting duckdb_library names another place"

/* The directory that our own program stands in. */
static char *
program_dir(void *mem)
{
	char *path = mem_array(mem, char, PATH_MAX);

	if (readlink("/proc/self/exe", path, PATH_MAX - 1) < 0)
		return mem_strdup(mem, ".");
	*strrchr(path, '/') = '\0';
	return path;
}

static struct err *
duckdb_find(void *mem, const char *configured, char **path)
{
	AUTO_MEM void *tmp = mem_root();
	const char *dir = program_dir(tmp), *home = getenv("HOME");
	const char *variable = getenv("BIKEOPS_DUCKDB_LIBRARY");

	if (!configured || !*configured)
		configured = variable;
	if (configured && *configured) {
		*path = mem_strdup(mem, configured);
		return NULL;
	}
	const char *const places[] = {
		mem_printf(tmp, "%s/../lib/bikeops/libduckdb.so", dir), /* make install */
		mem_printf(tmp, "%s/../lib/libduckdb.so", dir),		/* build/MODE/bikeops */
		mem_printf(tmp, "%s/../../lib/libduckdb.so", dir),	/* build/MODE/unit/test_x */
		mem_printf(tmp, "%s/.cache/bikeops/libduckdb-%s.so", home ? home : "",
			   DUCKDB_VERSION + 1),
	};
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (!access(places[i], R_OK)) {
			*path = mem_strdup(mem, places[i]);
			return NULL;
		}
	}
	return err_hint(err_new(ERR_CONFIG, "libduckdb.so is not installed"), HINT);
}

static struct err *
duckdb_bind(void *library, const char *path, struct duckdb_api *api)
{
#define X(type, name, args)                                     \
	*(void **)&api->name = dlsym(library, "duckdb_" #name); \
	if (!api->name)                                         \
		return err_hint(err_new(ERR_CONFIG, "'%s' lacks duckdb_" #name, path), HINT);
	DUCKDB_FUNCTIONS(X)
#undef X
	return NULL;
}

struct err *
duckdb_load(void *mem, const struct engine_config *config, struct duckdb_api *api, char **path)
{
	char *file;

	TRY(duckdb_find(mem, config->library, &file));
	void *library = dlopen(file, RTLD_LAZY | RTLD_LOCAL);
	if (!library)
		return err_hint(err_new(ERR_CONFIG, "cannot load libduckdb: %s", dlerror()), HINT);
	TRY(duckdb_bind(library, file, api));
	if (strcmp(api->library_version(), DUCKDB_VERSION))
		return err_hint(err_new(ERR_CONFIG, "'%s' is DuckDB %s, not %s", file,
					api->library_version(), DUCKDB_VERSION),
				HINT);
	*path = file;
	return NULL;
}
