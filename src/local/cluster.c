#include "local/cluster.h"

#include "base/mem.h"
#include "local/datadir.h"
#include "local/env.h"
#include "local/files.h"
#include "local/lock.h"
#include "local/server.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static void
say_waits(void *arg)
{
	struct cluster_listener *l = arg;

	l->say(l, "waiting for another 'bikeops local'");
}

/* Is it as it was asked for? */
static struct err *
settled(const struct home *h, int port, bool *yes)
{
	*yes = server_look(h).ready;
	if (!*yes || port < 0 || port == h->port)
		return NULL;
	return err_hint(err_new(ERR_REFUSED, "the server runs, on port %d", h->port),
			"run 'bikeops local down' first");
}

static struct err *
choose_port(struct home *h, int port)
{
	if (port == CLUSTER_PORT_KEEP && h->port)
		return NULL;
	if (port > 0)
		h->port = port;
	else
		TRY(server_free_port(&h->port));
	return NULL;
}

static struct err *
make_and_start(struct home *h, int port, const struct process_user *user,
	       struct cluster_listener *l)
{
	AUTO_MEM void *tmp = mem_root();
	struct postgres *pg;
	int major;

	TRY(datadir_version(h, &major));
	TRY(postgres_find(tmp, major, &pg));
	TRY(home_furnish(h, user));
	TRY(choose_port(h, port));
	TRY(server_check_port(h));
	TRY(home_save(h));
	if (major == 0) {
		l->say(l, mem_printf(tmp, "making a PostgreSQL %s cluster in '%s'", pg->version,
				     h->data));
		TRY(datadir_init(h, pg, user));
	}
	l->say(l, mem_printf(tmp, "starting PostgreSQL %s", pg->version));
	return server_start(h, pg, user);
}

struct err *
cluster_up(const char *home, int port, struct cluster_listener *l, bool *started)
{
	AUTO_MEM void *tmp = mem_root();
	struct process_user user;
	struct lock *lock;
	struct home *h;
	bool yes;

	*started = false;
	TRY(home_find(tmp, home, &h));
	TRY(settled(h, port, &yes));
	if (yes)
		return NULL;
	TRY(datadir_user(h, &user));
	TRY(home_make(h, &user));
	TRY(lock_take(tmp, h, say_waits, l, &lock));
	/* The one that held the lock may have done it all. */
	TRY(home_find(tmp, h->dir, &h));
	TRY(settled(h, port, &yes));
	if (yes)
		return NULL;
	if (server_look(h).pid)
		return server_wait_ready(h);
	TRY(make_and_start(h, port, &user, l));
	*started = true;
	return NULL;
}

static struct err *
find_made(void *mem, const char *home, struct home **out)
{
	TRY(home_find(mem, home, out));
	if ((*out)->port)
		return NULL;
	return err_hint(err_new(ERR_CONFIG, "there is no embedded stack in '%s'", (*out)->dir),
			"run 'bikeops local up'");
}

struct err *
cluster_down(const char *home, struct cluster_listener *l, long *pid)
{
	AUTO_MEM void *tmp = mem_root();
	struct lock *lock;
	struct home *h;

	TRY(find_made(tmp, home, &h));
	TRY(lock_take(tmp, h, say_waits, l, &lock));
	*pid = server_look(h).pid;
	return server_stop(h);
}

struct err *
cluster_destroy(const char *home, struct cluster_listener *l)
{
	AUTO_MEM void *tmp = mem_root();
	struct lock *lock;
	struct home *h;

	TRY(find_made(tmp, home, &h));
	TRY(lock_take(tmp, h, say_waits, l, &lock));
	TRY(server_stop(h));
	return home_remove(h);
}

static char *
size_text(void *mem, long long bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	long long tenths = bytes * 10 / 1024;
	size_t unit = 0;

	for (; tenths >= 10240 && unit < 3; unit++)
		tenths /= 1024;
	return mem_printf(mem, "%lld.%lld %s", tenths / 10, tenths % 10, units[unit]);
}

static void
add_server(void *mem, struct rows *r, const struct home *h, int major)
{
	struct server_state s = server_look(h);
	const char *cells[] = { "postgresql", s.ready ? "up" : s.pid ? "starting" : "down", NULL };

	if (s.pid)
		cells[2] = mem_printf(mem,
				      "PostgreSQL %d, process %ld, socket in '%s', "
				      "127.0.0.1:%d",
				      major, (long)s.pid, h->run, h->port);
	else
		cells[2] = "start it: bikeops local up";
	rows_add(r, cells);
}

static void
add_directory(void *mem, struct rows *r, const char *service, const char *path)
{
	const char *cells[] = { service, access(path, F_OK) ? "missing" : "ok", NULL };

	cells[2] = mem_printf(mem, "%s in '%s'", size_text(mem, tree_bytes(path)), path);
	rows_add(r, cells);
}

static void
add_disk(void *mem, struct rows *r, const struct home *h)
{
	long long bytes = home_free_bytes(h);
	const char *cells[] = { "disk", bytes < 0 ? "unknown" : "ok", NULL };

	cells[2] = mem_printf(mem, "%s free for '%s'", size_text(mem, bytes), h->dir);
	rows_add(r, cells);
}

struct err *
cluster_status(void *mem, const char *home, struct rows **out)
{
	AUTO_MEM void *tmp = mem_root();
	static const char *const names[] = { "service", "state", "detail" };
	struct home *h;
	int major;

	TRY(find_made(tmp, home, &h));
	TRY(datadir_version(h, &major));
	struct rows *r = rows_new(mem, 3);
	for (size_t i = 0; i < 3; i++)
		rows_column(r, i, names[i], ROWS_TEXT);
	add_server(tmp, r, h, major);
	add_directory(tmp, r, "data", h->data);
	add_directory(tmp, r, "lake", h->lake);
	add_disk(tmp, r, h);
	*out = r;
	return NULL;
}

static struct err *
dsn_of(const struct local_env *env, const char *database, const char **dsn)
{
	if (strcmp(database, "source") == 0)
		*dsn = env->source_dsn;
	else if (strcmp(database, "warehouse") == 0)
		*dsn = env->warehouse_dsn;
	else if (strcmp(database, "ledger") == 0)
		*dsn = env->ledger_dsn;
	else
		return err_hint(err_new(ERR_USAGE, "there is no database '%s'", database),
				"name source, warehouse or ledger");
	return NULL;
}

struct err *
cluster_psql(const char *home, const char *database, char *const *args, int n)
{
	AUTO_MEM void *tmp = mem_root();
	const char **argv = mem_array(tmp, const char *, n + 4);
	struct local_env *env;
	struct postgres *pg;
	struct home *h;
	int major;

	TRY(local_env_read(tmp, home, &env));
	TRY(dsn_of(env, database, &argv[2]));
	if (!env->up)
		return err_hint(err_new(ERR_NET, "the server does not run"),
				"run 'bikeops local up'");
	TRY(home_find(tmp, env->home, &h));
	TRY(datadir_version(h, &major));
	TRY(postgres_find(tmp, major, &pg));
	argv[0] = mem_printf(tmp, "%s/psql", pg->bin);
	argv[1] = "-d";
	for (int i = 0; i < n; i++)
		argv[3 + i] = args[i];
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	return err_sys(ERR_NOTFOUND, "cannot run '%s'", argv[0]);
}
