#include "local/home.h"

#include "base/mem.h"
#include "local/files.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#define MIB	    (1024LL * 1024)
#define SOCKET_NAME "/.s.PGSQL.65535"
#define SHORT_RUN   "/tmp/bikeops-"

static const char *const lake_folders[] = { "source", "raw", "processed", "log" };

/* The checkout whose build/MODE/bikeops we are, or NULL. */
static const char *
checkout(void *mem)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return NULL;
	path[n] = '\0';
	for (int up = 0; up < 2; up++)
		if (strrchr(path, '/'))
			*strrchr(path, '/') = '\0';
	char *build = strrchr(path, '/');
	if (!build || strcmp(build, "/build") != 0)
		return NULL;
	*build = '\0';
	return access(mem_printf(mem, "%s/src/main.c", path), F_OK) == 0 ? mem_strdup(mem, path)
									 : NULL;
}

static const char *
writable_var(void *mem)
{
	const char *top = checkout(mem);
	const char *var = top ? mem_printf(mem, "%s/var", top) : NULL;

	if (!top)
		return NULL;
	if (access(var, W_OK) == 0)
		return var;
	return access(var, F_OK) != 0 && access(top, W_OK) == 0 ? var : NULL;
}

static const char *
own_home(void *mem)
{
	const char *home = getenv("HOME");
	const struct passwd *pw = home && *home ? NULL : getpwuid(geteuid());

	if (pw)
		home = pw->pw_dir;
	return mem_printf(mem, "%s/.local/share/bikeops", home && *home ? home : "");
}

static const char *
choose(void *mem)
{
	const char *env = getenv("BIKEOPS_HOME");

	if (env && *env)
		return env;
	if (geteuid() == 0)
		return "/var/lib/bikeops";
	const char *var = writable_var(mem);
	return var ? var : own_home(mem);
}

static struct err *
absolute(void *mem, const char *dir, const char **out)
{
	char cwd[PATH_MAX];

	if (strpbrk(dir, "\n\r"))
		return err_new(ERR_CONFIG, "a line break in the home's name");
	if (dir[0] == '/')
		*out = mem_strdup(mem, dir);
	else if (getcwd(cwd, sizeof(cwd)))
		*out = mem_printf(mem, "%s/%s", cwd, dir);
	else
		return err_sys(ERR_CONFIG, "cannot find '%s'", dir);
	return NULL;
}

static struct err *
state_line(struct home *h, const char *path, char *line)
{
	char *value = strchr(line, '=');
	char *end;

	if (!value)
		return err_new(ERR_CONFIG, "cannot understand '%s' in '%s'", line, path);
	*value++ = '\0';
	if (strcmp(line, "run") == 0)
		h->run = mem_strdup(h, value);
	if (strcmp(line, "port") != 0)
		return NULL; /* a later version's */
	long port = strtol(value, &end, 10);
	if (*end || port < 1 || port > 65535)
		return err_new(ERR_CONFIG, "cannot understand port '%s' in '%s'", value, path);
	h->port = (int)port;
	return NULL;
}

static struct err *
state_read(struct home *h)
{
	AUTO_MEM void *tmp = mem_root();
	const char *path = mem_printf(tmp, "%s/state", h->dir);
	char *text, *save;
	struct err *e = file_read(tmp, path, &text);

	if (e && e->code == ERR_NOTFOUND) {
		err_free(e);
		return NULL;
	}
	if (e && geteuid() != 0)
		return err_hint(e, "the stack belongs to another user: run as that one, or set "
				   "BIKEOPS_HOME to a directory of yours");
	if (e)
		return e;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		TRY(state_line(h, path, line));
	return NULL;
}

struct err *
home_find(void *mem, const char *dir, struct home **out)
{
	struct home *h = mem_new(mem, struct home);
	struct err *e = absolute(h, dir ? dir : choose(h), &h->dir);

	if (!e) {
		h->data = mem_printf(h, "%s/pg", h->dir);
		h->lake = mem_printf(h, "%s/lake", h->dir);
		h->log = mem_printf(h, "%s/pg.log", h->dir);
		h->pgpass = mem_printf(h, "%s/pgpass", h->dir);
		e = state_read(h);
	}
	if (e) {
		mem_free(h);
		return e;
	}
	*out = h;
	return NULL;
}

/* PostgreSQL and libpq split host lists at commas; sun_path is what it is. */
static bool
socket_fits(const char *run)
{
	return strlen(run) + strlen(SOCKET_NAME) < sizeof(((struct sockaddr_un *)0)->sun_path) &&
	       !strpbrk(run, ",\"");
}

/* In /tmp anybody may have put something of that name. */
static bool
is_private(const char *dir, uid_t uid)
{
	struct stat st;

	return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid &&
	       (st.st_mode & 077) == 0;
}

static bool
is_short(const struct home *h)
{
	return h->run && strncmp(h->run, SHORT_RUN, strlen(SHORT_RUN)) == 0;
}

static struct err *
make_short_run(struct home *h)
{
	char name[] = SHORT_RUN "XXXXXX";

	if (!mkdtemp(name))
		return err_sys(ERR_REFUSED, "cannot make '%s'", name);
	h->run = mem_strdup(h, name);
	return NULL;
}

/* A short one is kept, for as long as /tmp keeps it; another home's, of which this is a copy, not.
 */
static struct err *
make_run(struct home *h, const struct process_user *server)
{
	const char *run = mem_printf(h, "%s/run", h->dir);

	if (!socket_fits(run) && is_short(h) && is_private(h->run, server->uid))
		return NULL;
	h->run = run;
	if (!socket_fits(run))
		TRY(make_short_run(h));
	else if (mkdir(run, 0700) && errno != EEXIST)
		return err_sys(ERR_REFUSED, "cannot make '%s'", run);
	if (chmod(h->run, 0700) || chown(h->run, server->uid, server->gid))
		return err_sys(ERR_REFUSED, "cannot make '%s' private", h->run);
	return NULL;
}

static struct err *
make_lake(const struct home *h)
{
	AUTO_MEM void *tmp = mem_root();

	for (size_t i = 0; i < sizeof(lake_folders) / sizeof(*lake_folders); i++)
		TRY(dir_make(mem_printf(tmp, "%s/%s", h->lake, lake_folders[i]), 0750));
	return NULL;
}

/* As root the server's user must pass through the home; what is inside is closed by itself. */
static struct err *
let_pass(const struct home *h, const struct process_user *server)
{
	struct stat st;

	if (stat(h->dir, &st))
		return err_sys(ERR_REFUSED, "cannot look at '%s'", h->dir);
	if (server->uid == st.st_uid || st.st_mode & S_IXOTH || !(h->port || dir_is_empty(h->dir)))
		return NULL;
	if (chmod(h->dir, (st.st_mode | S_IXGRP | S_IXOTH) & 07777))
		return err_sys(ERR_REFUSED, "cannot open '%s' to its server", h->dir);
	return NULL;
}

static struct err *
explain(const struct home *h, struct err *e)
{
	if (!e)
		return NULL;
	return err_hint(err_wrap(e, "cannot use the home '%s'", h->dir),
			"set BIKEOPS_HOME to a directory in which you may write");
}

struct err *
home_make(const struct home *h, const struct process_user *server)
{
	struct err *e = dir_make(h->dir, 0700);

	return explain(h, e ? e : let_pass(h, server));
}

struct err *
home_furnish(struct home *h, const struct process_user *server)
{
	struct err *e = make_run(h, server);

	return explain(h, e ? e : make_lake(h));
}

/* Of a home whose copy this is, the server may run there.  Source: PostgreSQL's miscinit.h: line 2
 * of a lock file is the data directory. */
static bool
is_run_of_another(const struct home *h)
{
	AUTO_MEM void *tmp = mem_root();
	const char *path = mem_printf(tmp, "%s/.s.PGSQL.%d.lock", h->run, h->port);
	char *text;
	struct err *e = file_read(tmp, path, &text);
	const char *data = e ? NULL : strchr(text, '\n');
	size_t n = data ? strcspn(++data, "\n") : 0;

	err_free(e);
	return data && (n != strlen(h->data) || strncmp(data, h->data, n) != 0);
}

struct err *
home_remove(const struct home *h)
{
	static const char *const names[] = { "pg",	  "pg.new",   "run",	"lake",
					     "pg.log",	  "pg.log.1", "pgpass", "pgpass.new",
					     "state.new", "state",    "lock" };
	AUTO_MEM void *tmp = mem_root();

	if (is_short(h) && !is_run_of_another(h))
		TRY(tree_remove(h->run));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		TRY(tree_remove(mem_printf(tmp, "%s/%s", h->dir, names[i])));
	rmdir(h->dir); /* it stays, empty, where it is a mount, a link or not ours to remove */
	return NULL;
}

long long
home_free_bytes(const struct home *h)
{
	struct statvfs v;

	if (statvfs(h->dir, &v))
		return -1;
	return (long long)v.f_bavail * (long long)v.f_frsize;
}

static struct err *
disk_full(const struct home *h, long long need)
{
	struct err *e = err_new(ERR_REFUSED, "the disk of '%s' is full: %lld MiB free", h->dir,
				home_free_bytes(h) / MIB);

	return err_hint(e, "free %lld MiB there, or set BIKEOPS_HOME to another disk", need / MIB);
}

struct err *
home_check_free(const struct home *h, long long need)
{
	long long have = home_free_bytes(h);

	return have >= 0 && have < need ? disk_full(h, need) : NULL;
}

/* The disk may fill while a program runs: its words tell, and the cure is another one. */
struct err *
home_explain_full(const struct home *h, struct err *e, long long need)
{
	AUTO_MEM void *tmp = mem_root();

	if (!e || !strstr(err_text(tmp, e), "No space left on device"))
		return e;
	err_free(e);
	return disk_full(h, need);
}

struct err *
home_save(const struct home *h)
{
	AUTO_MEM void *tmp = mem_root();
	const char *path = mem_printf(tmp, "%s/state", h->dir);
	const char *text = mem_printf(tmp, "run=%s\nport=%d\n", h->run, h->port);

	return home_explain_full(h, file_write(path, text), MIB);
}

static void
state_folders(char *path)
{
	for (char *at = path + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		mkdir(path, 0700);
		*at = '/';
	}
}

char *
home_state_path(void *mem, const char *name)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *path = state && *state ? mem_printf(mem, "%s/bikeops/%s", state, name)
				     : mem_printf(mem, "%s/.local/state/bikeops/%s",
						  home ? home : "/tmp", name);

	state_folders(path);
	return path;
}
