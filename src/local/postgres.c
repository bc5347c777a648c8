#include "local/postgres.h"

#include "base/mem.h"
#include "base/process.h"

#include <glob.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define SAID_MAX 4096

/* What a program answers to one option, without its line end; NULL where it does not. */
static char *
ask(void *mem, const char *program, const char *option)
{
	const char *argv[] = { program, option, NULL };
	const char *env[] = { "LC_ALL=C", NULL };
	struct process p = { .argv = argv, .env = env };
	struct strbuf said;
	struct err *e;

	strbuf_init(&said, mem, SAID_MAX);
	e = process_run(&p, &said);
	if (e) {
		err_free(e);
		return NULL;
	}
	said.s[strcspn(said.s, "\n")] = '\0';
	return said.s;
}

/* "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)" */
static char *
version_of(void *mem, const char *bin)
{
	char *said = ask(mem, mem_printf(mem, "%s/postgres", bin), "--version");
	char *version = said ? strstr(said, "(PostgreSQL) ") : NULL;

	if (!version)
		return NULL;
	version += strlen("(PostgreSQL) ");
	version[strcspn(version, " ")] = '\0';
	return version;
}

static void
consider(void *mem, const char *bin, int major, struct postgres **best)
{
	if (access(mem_printf(mem, "%s/initdb", bin), X_OK))
		return;
	const char *version = version_of(mem, bin);
	long found = version ? strtol(version, NULL, 10) : 0;

	if (found < POSTGRES_OLDEST || (major && found != major))
		return;
	if (*best && (*best)->major >= found)
		return;
	*best = mem_new(mem, struct postgres);
	(*best)->bin = mem_strdup(*best, bin);
	(*best)->version = mem_strdup(*best, version);
	(*best)->major = (int)found;
}

static void
consider_debian(void *mem, int major, struct postgres **best)
{
	glob_t found;

	if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		consider(mem, found.gl_pathv[i], major, best);
	globfree(&found);
}

static void
consider_path(void *mem, int major, struct postgres **best)
{
	const char *path = getenv("PATH");
	char *save;

	if (!path)
		return;
	for (char *dir = strtok_r(mem_strdup(mem, path), ":", &save); dir;
	     dir = strtok_r(NULL, ":", &save))
		consider(mem, dir, major, best);
}

static struct err *
none(int major)
{
	if (major == 0)
		return err_hint(err_new(ERR_CONFIG, "no PostgreSQL server found, %d or later",
					POSTGRES_OLDEST),
				"run 'apt-get install postgresql', or 'make deps'");
	return err_hint(
		err_new(ERR_REFUSED, "the data is of PostgreSQL %d, which is not installed", major),
		"run 'apt-get install postgresql-%d', or begin anew: "
		"'bikeops local destroy', then 'bikeops local up'",
		major);
}

struct err *
postgres_find(void *mem, int major, struct postgres **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct postgres *best = NULL;
	const char *bindir;

	consider_debian(tmp, major, &best);
	if (!best && (bindir = ask(tmp, "pg_config", "--bindir")))
		consider(tmp, bindir, major, &best);
	if (!best)
		consider_path(tmp, major, &best);
	if (!best)
		return none(major);
	mem_move(mem, best);
	*out = best;
	return NULL;
}
