#include "local/env.h"

#include "base/mem.h"
#include "local/home.h"
#include "local/server.h"

#include <string.h>
#include <unistd.h>

/* A conninfo value: quotes and backslashes escaped.  Source: libpq, "Connection Strings". */
static char *
quoted(void *mem, const char *value)
{
	struct strbuf sb;

	strbuf_init(&sb, mem, 65536);
	strbuf_char(&sb, '\'');
	for (; *value; value++) {
		if (*value == '\'' || *value == '\\')
			strbuf_char(&sb, '\\');
		strbuf_char(&sb, *value);
	}
	strbuf_char(&sb, '\'');
	return sb.s;
}

static char *
dsn(void *mem, const struct home *h, const char *database)
{
	return mem_printf(mem, "host=%s port=%d user=bikeops dbname=%s", quoted(mem, h->run),
			  h->port, database);
}

struct err *
local_env_read(void *mem, const char *home, struct local_env **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct home *h;

	TRY(home_find(tmp, home, &h));
	if (!h->port || !h->run || access(h->data, F_OK))
		return err_hint(err_new(ERR_CONFIG, "there is no embedded stack in '%s'", h->dir),
				"run 'bikeops local up'");
	struct local_env *env = mem_new(mem, struct local_env);
	env->home = mem_strdup(env, h->dir);
	env->source_dsn = dsn(env, h, "bikestore");
	env->warehouse_dsn = dsn(env, h, "warehouse");
	env->ledger_dsn = dsn(env, h, "bikeops");
	env->lake = mem_strdup(env, h->lake);
	env->up = server_look(h).ready;
	*out = env;
	return NULL;
}

struct err *
local_settings(void *mem, const char *path, const char *profile, struct settings **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct local_env *env;

	TRY(settings_load(mem, path, profile, out));
	if (strcmp(settings_profile(*out), "local") != 0)
		return NULL;
	struct err *e = local_env_read(tmp, NULL, &env);
	if (e) { /* not there yet: what needs a database says so */
		err_free(e);
		return NULL;
	}
	settings_default(*out, "source_dsn", env->source_dsn, "embedded stack");
	settings_default(*out, "warehouse_dsn", env->warehouse_dsn, "embedded stack");
	settings_default(*out, "ledger_dsn", env->ledger_dsn, "embedded stack");
	settings_default(*out, "lake_dir", env->lake, "embedded stack");
	return NULL;
}
