#include "local/datadir.h"

#include "base/mem.h"
#include "base/sql.h"
#include "local/files.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB	       (1024LL * 1024)
#define INIT_BYTES     (200 * MIB) /* three databases, the templates, and WAL to work in */
#define PASSWORD_BYTES 16

/* For a host of 4 GiB that does other things too. */
static const char settings[] = "\n# bikeops\n"
			       "max_connections = 40\n"
			       "shared_buffers = 64MB\n"
			       "max_wal_size = 1GB\n"
			       "wal_compression = on\n"
			       "jit = off\n"
			       "timezone = 'UTC'\n"
			       "log_timezone = 'UTC'\n"
			       "datestyle = 'iso, ymd'\n"
			       "log_min_messages = warning\n"
			       "log_checkpoints = off\n"
			       "log_line_prefix = '%m [%p] %u@%d '\n";

struct err *
datadir_version(const struct home *h, int *major)
{
	AUTO_MEM void *tmp = mem_root();
	char *text;
	struct err *e = file_read(tmp, mem_printf(tmp, "%s/PG_VERSION", h->data), &text);

	if (e && e->code == ERR_NOTFOUND) {
		err_free(e);
		*major = 0;
		return NULL;
	}
	if (e)
		return e;
	*major = (int)strtol(text, NULL, 10);
	if (*major < 1)
		return err_new(ERR_REFUSED, "'%s' holds no data of PostgreSQL", h->data);
	return NULL;
}

static struct err *
user_for_root(struct process_user *user)
{
	const struct passwd *pw = getpwnam("postgres");

	if (!pw)
		pw = getpwnam("nobody");
	if (!pw || pw->pw_uid == 0)
		return err_hint(err_new(ERR_REFUSED, "PostgreSQL does not run as root"),
				"make a user 'postgres'");
	*user = (struct process_user){ pw->pw_uid, pw->pw_gid };
	return NULL;
}

struct err *
datadir_user(const struct home *h, struct process_user *user)
{
	struct stat st;
	uid_t me = geteuid();

	*user = (struct process_user){ me, getegid() };
	if (stat(h->data, &st))
		return me == 0 ? user_for_root(user) : NULL;
	if (me != 0 && st.st_uid != me)
		return err_hint(err_new(ERR_REFUSED, "'%s' belongs to another user", h->data),
				"run it as that user or as root, or set BIKEOPS_HOME");
	*user = (struct process_user){ st.st_uid, st.st_gid };
	return NULL;
}

static struct err *
run_tool(const struct home *h, const struct process_user *user, const char *const *argv,
	 const char *input)
{
	const char *env[] = { "LC_ALL=C", NULL };
	struct process p = {
		.argv = argv, .env = env, .input = input, .cwd = h->dir, .user = user
	};
	struct err *e = process_run(&p, NULL);

	if (e && e->code == ERR_REFUSED)
		return err_hint(e, "let it pass (chmod o+x) through each directory above, "
				   "or set BIKEOPS_HOME to another");
	return e;
}

static struct err *
run_initdb(const struct home *h, const struct postgres *pg, const struct process_user *user,
	   const char *data)
{
	AUTO_MEM void *tmp = mem_root();
	locale_t utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
	const char *argv[] = {
		mem_printf(tmp, "%s/initdb", pg->bin),
		"-D",
		data,
		"-U",
		"bikeops_admin",
		"--encoding=UTF8",
		utf8 ? "--locale=C.UTF-8" : "--locale=C",
		"--auth-local=trust",
		"--auth-host=scram-sha-256",
		NULL,
	};

	if (utf8)
		freelocale(utf8);
	return run_tool(h, user, argv, NULL);
}

static struct err *
write_settings(const char *data)
{
	AUTO_MEM void *tmp = mem_root();
	const char *path = mem_printf(tmp, "%s/postgresql.conf", data);
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	struct err *e = NULL;

	if (fd < 0 || !file_put(fd, settings, strlen(settings)) || fsync(fd))
		e = err_sys(ERR_REFUSED, "cannot write '%s'", path);
	if (fd >= 0)
		close(fd);
	return e;
}

static struct err *
make_password(void *mem, const struct home *h, char **password)
{
	unsigned char random[PASSWORD_BYTES];
	char *hex = mem_array(mem, char, 2 * PASSWORD_BYTES + 1);

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_sys(ERR_REMOTE, "cannot get random bytes");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(hex + 2 * i, 3, "%02x", random[i]);
	*password = hex;
	return file_write(h->pgpass, mem_printf(mem, "*:*:*:bikeops:%s\n", hex));
}

/*
 * Without a server: nobody ever logs in as a superuser.  In this mode (-j) a
 * statement ends with an empty line; the password stays out of argv.
 */
static struct err *
make_databases(const struct home *h, const struct postgres *pg, const struct process_user *user,
	       const char *data)
{
	AUTO_MEM void *tmp = mem_root();
	const char *argv[] = { mem_printf(tmp, "%s/postgres", pg->bin),
			       "--single",
			       "-j",
			       "-D",
			       data,
			       "-c",
			       "exit_on_error=true",
			       "-c",
			       "log_min_messages=error",
			       "template1",
			       NULL };
	const char **statements;
	char *password = NULL;
	size_t n;
	struct strbuf script;

	TRY(make_password(tmp, h, &password));
	strbuf_init(&script, tmp, 65536);
	strbuf_printf(&script, "SET bikeops.password = '%s';\n\n", password);
	sql_split(tmp, sql_text("local/cluster"), &statements, &n);
	for (size_t i = 0; i < n; i++)
		strbuf_printf(&script, "%s;\n\n", statements[i]);
	return run_tool(h, user, argv, script.s);
}

static struct err *
build(const struct home *h, const struct postgres *pg, const struct process_user *user,
      const char *data)
{
	if (mkdir(data, 0700) || chown(data, user->uid, user->gid))
		return err_sys(ERR_REFUSED, "cannot make '%s'", data);
	TRY(run_initdb(h, pg, user, data));
	TRY(write_settings(data));
	TRY(make_databases(h, pg, user, data));
	if (rename(data, h->data))
		return err_sys(ERR_REFUSED, "cannot make '%s'", h->data);
	return NULL;
}

struct err *
datadir_init(const struct home *h, const struct postgres *pg, const struct process_user *user)
{
	AUTO_MEM void *tmp = mem_root();
	const char *data = mem_printf(tmp, "%s/pg.new", h->dir);

	TRY(tree_remove(data));
	TRY(home_check_free(h, INIT_BYTES));
	struct err *e = build(h, pg, user, data);
	if (!e)
		return NULL;
	e = home_explain_full(h, e, INIT_BYTES);
	err_free(tree_remove(data));
	return err_wrap(e, "cannot make a PostgreSQL cluster");
}
