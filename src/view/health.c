#include "view/health.h"

#include "base/mem.h"
#include "base/sql.h"
#include "base/time.h"
#include "engine/engine.h"
#include "lake/lake.h"
#include "ledger/ledger.h"
#include "local/home.h"
#include "local/postgres.h"
#include "remote/aws.h"
#include "remote/pg.h"
#include "remote/sts.h"
#include "source/source.h"
#include "view/emr.h"
#include "view/status.h"
#include "warehouse/warehouse.h"

#include <string.h>
#include <sys/statvfs.h>

#define HEALTH_APP	 "bikeops doctor"
#define HEALTH_ROLE	 "bikeops_read"
#define HEALTH_TIMEOUT_S 5
#define HEALTH_SLOW_MS	 500
#define HEALTH_SKEW_S	 240 /* of the five minutes that a signature lives */
#define HEALTH_LIBPQ_MIN 140000
#define MIB		 (1LL << 20)
#define DISK_WARN	 (1024 * MIB)
#define DISK_FAIL	 (128 * MIB)

struct doctor {
	const struct settings *settings;
	struct health *health;
	bool asked;
	struct watermark watermark; /* k 0 until the warehouse told */
};

static void
add(struct doctor *d, const char *check, const char *value, const char *limit, const char *state,
    const char *hint)
{
	const char *cells[] = { check, value, limit, state, hint };

	rows_add(d->health->checks, cells);
	d->health->failed += !strcmp(state, "fail");
}

/* What could not be looked at, and why; takes e. */
static void
add_err(struct doctor *d, const char *check, const char *limit, struct err *e)
{
	AUTO_MEM void *tmp = mem_root();
	bool unreached = err_status(e->code) == 3;

	add(d, check, err_text(tmp, e), limit, "fail", err_hint_of(e));
	d->health->unreached |= unreached;
	err_free(e);
}

/* --- this machine --- */

static void
check_libpq(struct doctor *d)
{
	AUTO_MEM void *tmp = mem_root();
	int version = pg_client_version();

	add(d, "libpq", mem_printf(tmp, "%d.%d", version / 10000, version % 10000), ">= 14",
	    version >= HEALTH_LIBPQ_MIN ? "ok" : "fail",
	    version >= HEALTH_LIBPQ_MIN ? NULL : "install a newer libpq5");
}

static void
check_duckdb(struct doctor *d)
{
	AUTO_MEM void *tmp = mem_root();
	const char *library = settings_get(d->settings, "duckdb_library");
	struct engine_config config = { .library = *library ? library : NULL };
	char *version, *path;
	struct err *e = engine_probe_duckdb(tmp, &config, &version, &path);

	if (e)
		add_err(d, "libduckdb", NULL, e);
	else
		add(d, "libduckdb", mem_printf(tmp, "%s in '%s'", version, path), NULL, "ok", NULL);
}

/* Only the embedded stack needs the server's programs. */
static void
check_postgres(struct doctor *d)
{
	AUTO_MEM void *tmp = mem_root();
	struct postgres *pg;
	struct err *e = postgres_find(tmp, 0, &pg);

	if (e)
		add_err(d, "PostgreSQL programs", NULL, e);
	else
		add(d, "PostgreSQL programs", mem_printf(tmp, "%s in '%s'", pg->version, pg->bin),
		    NULL, "ok", NULL);
}

const char *
health_disk_state(long long free_bytes)
{
	return free_bytes < DISK_FAIL ? "fail" : free_bytes < DISK_WARN ? "warn" : "ok";
}

static void
check_disk(struct doctor *d, const char *check, const char *dir)
{
	AUTO_MEM void *tmp = mem_root();
	struct statvfs fs;

	if (!*dir || statvfs(dir, &fs)) {
		add(d, check, *dir ? "not there" : "not set", NULL, "unknown",
		    "run 'bikeops setup'");
		return;
	}
	long long left = (long long)fs.f_bavail * (long long)fs.f_frsize;
	const char *state = health_disk_state(left);
	add(d, check, mem_printf(tmp, "%lld MiB free", left / MIB),
	    mem_printf(tmp, "> %lld MiB", DISK_WARN / MIB), state,
	    strcmp(state, "ok") ? mem_printf(tmp, "make room under '%s'", dir) : NULL);
}

static void
check_machine(struct doctor *d)
{
	AUTO_MEM void *tmp = mem_root();
	struct home *home;

	check_libpq(d);
	if (d->asked)
		check_duckdb(d);
	check_disk(d, "disk of the lake", settings_get(d->settings, "lake_dir"));
	if (strcmp(settings_profile(d->settings), "local"))
		return;
	check_postgres(d);
	struct err *e = home_find(tmp, NULL, &home);
	if (e)
		add_err(d, "home", NULL, e);
	else
		check_disk(d, "disk of the home", home->dir);
}

/* --- the databases --- */

/*
 * As the login role, which sees more of others' locks than ours do.  The source knows how it is
 * logged into.
 */
static struct err *
ask_locks(void *mem, struct doctor *d, const char *what, struct rows **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct pg_config config = { .what = what,
				    .app = HEALTH_APP,
				    .connect_timeout_s = HEALTH_TIMEOUT_S };
	struct source *s;
	struct pg *pg;

	if (!strcmp(what, "source")) {
		TRY(source_open(tmp, d->settings, NULL, HEALTH_APP, &s));
		return source_locks(mem, s, out);
	}
	const char *name = mem_printf(tmp, "%s_dsn", what);
	TRY(settings_need(d->settings, name, &config.dsn));
	config.where = settings_where(tmp, d->settings, name);
	TRY(pg_open(tmp, &config, &pg));
	return pg_query(mem, pg, sql_text("view/locks"), NULL, 0, out);
}

/* An adapter's own checks: name, value, limit, state, hint. */
static void
add_checks(struct doctor *d, const char *what, const struct rows *r)
{
	AUTO_MEM void *tmp = mem_root();

	for (size_t i = 0; i < r->n; i++)
		add(d, mem_printf(tmp, "%s %s", what, rows_get(r, i, "name")),
		    rows_get(r, i, "value"), rows_get(r, i, "limit"), rows_get(r, i, "state"),
		    rows_get(r, i, "hint"));
}

/* True where it answers. */
static bool
check_connection(struct doctor *d, const char *what)
{
	AUTO_MEM void *tmp = mem_root();
	char *check = mem_printf(tmp, "%s answers", what);
	char *limit = mem_printf(tmp, "< %d ms", HEALTH_SLOW_MS);
	long long start = time_tick_ms();
	struct rows *locks;
	struct err *e = ask_locks(tmp, d, what, &locks);

	if (e) {
		add_err(d, check, limit, e);
		return false;
	}
	long long ms = time_tick_ms() - start;
	add(d, check, mem_printf(tmp, "%lld ms", ms), limit, ms < HEALTH_SLOW_MS ? "ok" : "warn",
	    ms < HEALTH_SLOW_MS ? NULL : "the network or the server is slow");
	add_checks(d, what, locks);
	return true;
}

static struct err *
warehouse_rows(void *mem, struct doctor *d, struct rows **out)
{
	struct warehouse *w;

	TRY(warehouse_open(mem, d->settings, HEALTH_ROLE, HEALTH_APP, &w));
	TRY(warehouse_checks(mem, w, out));
	/* Where there is none, the checks have said so. */
	err_free(warehouse_watermark(mem, w, &d->watermark));
	return NULL;
}

static struct err *
source_rows(void *mem, struct doctor *d, struct rows **out)
{
	struct source *s;

	TRY(source_open(mem, d->settings, HEALTH_ROLE, HEALTH_APP, &s));
	return source_checks(mem, s, &d->watermark, out);
}

/* Takes e. */
static void
add_unread(struct doctor *d, const char *what, struct err *e)
{
	if (e->code == ERR_CONFLICT)
		e = err_hint(e, "another session keeps a table locked: SELECT pid FROM pg_locks "
				"WHERE granted AND mode = 'AccessExclusiveLock'");
	add_err(d, what, NULL, e);
}

/* A warehouse that bills each question is looked at from outside, unless somebody asks. */
static void
check_warehouse(void *mem, struct doctor *d)
{
	bool redshift = !strcmp(settings_get(d->settings, "warehouse"), "redshift");
	struct rows *r;

	if (redshift)
		add_checks(d, "Redshift", warehouse_service(mem, d->settings, d->asked));
	if (redshift ? !d->asked : !check_connection(d, "warehouse"))
		return;
	struct err *e = warehouse_rows(mem, d, &r);
	if (e)
		add_unread(d, "warehouse", e);
	else
		add_checks(d, "warehouse", r);
}

/* The warehouse first: its watermark tells where the source's next window begins. */
static void
check_databases(void *mem, struct doctor *d)
{
	struct rows *r;
	struct err *e;

	check_warehouse(mem, d);
	if (check_connection(d, "source")) {
		e = source_rows(mem, d, &r);
		if (e)
			add_unread(d, "source", e);
		else
			add_checks(d, "source", r);
	}
}

static void
check_ledger(void *mem, struct doctor *d)
{
	struct status s;

	if (!check_connection(d, "ledger"))
		return;
	struct err *e = status_fetch(mem, d->settings, NULL, &s);
	if (!e)
		e = s.unreached;
	if (e)
		add_err(d, "ledger", NULL, e);
	else if (!strcmp(s.state, "empty"))
		add(d, "ledger", "nothing is set up", NULL, "warn", "run 'bikeops setup'");
	else if (!strcmp(s.state, "dead"))
		add(d, "worker", s.state, NULL, "warn", rows_get(s.now, 0, "hint"));
	else
		add(d, "worker", s.state, NULL, "ok", NULL);
}

/* --- AWS --- */

static bool
uses_aws(const struct settings *s)
{
	static const struct {
		const char *setting, *value;
	} rows[] = { { "lake", "s3" },
		     { "source", "aws_s3" },
		     { "source_auth", "iam" },
		     { "warehouse", "redshift" },
		     { "warehouse_auth", "iam" },
		     { "engine", "emr" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(settings_get(s, rows[i].setting), rows[i].value))
			return true;
	return *settings_get(s, "emr_application");
}

/* Whose they are, which everybody may ask; and the clock, by the same answer. */
static struct err *
ask_sts(struct doctor *d, struct aws *aws, const char *identity)
{
	AUTO_MEM void *tmp = mem_root();
	char *arn;

	TRY(sts_identity(tmp, aws, &arn));
	long long off = aws_skew_s(aws);
	bool right = off > -HEALTH_SKEW_S && off < HEALTH_SKEW_S;
	add(d, "AWS credentials", mem_printf(tmp, "%s: %s", arn, identity), NULL, "ok", NULL);
	add(d, "clock", mem_printf(tmp, "%lld s behind that of AWS", off),
	    mem_printf(tmp, "< %d s", HEALTH_SKEW_S), right ? "ok" : "warn",
	    right ? NULL : "set this machine's clock, for example by chrony");
	return NULL;
}

static void
check_aws(struct doctor *d)
{
	AUTO_MEM void *tmp = mem_root();
	struct aws_config config = { .region = settings_get(d->settings, "region"),
				     .connect_timeout_s = HEALTH_TIMEOUT_S,
				     .budget_s = HEALTH_TIMEOUT_S };
	struct aws *aws;
	char *identity;

	if (!uses_aws(d->settings))
		return;
	struct err *e = aws_open(tmp, &config, &aws);
	if (!e)
		e = aws_identity(tmp, aws, &identity);
	if (!e && d->asked)
		e = ask_sts(d, aws, identity);
	else if (!e)
		add(d, "AWS credentials", identity, NULL, "ok", NULL);
	if (e)
		add_err(d, "AWS credentials", NULL, e);
}

/* Of folders there is nothing to see but the disk, unless they are to be written. */
static void
check_lake(void *mem, struct doctor *d, bool write)
{
	struct lake *lake;

	if (!write && strcmp(settings_get(d->settings, "lake"), "s3"))
		return;
	struct err *e = lake_open(mem, d->settings, &lake);

	if (e)
		add_err(d, "lake", NULL, e);
	else
		add_checks(d, "lake", lake_checks(mem, lake, write));
}

static void
check_emr(void *mem, struct doctor *d)
{
	struct rows *r;

	if (!d->asked || !*settings_get(d->settings, "emr_application"))
		return;
	struct err *e = emr_view_checks(mem, d->settings, &r);
	if (e)
		add_err(d, "EMR", NULL, e);
	else
		add_checks(d, "EMR", r);
}

/* --- all --- */

static void
list_settings(struct health *h, const struct settings *settings)
{
	for (const struct setting *row = setting_rows; row->name; row++) {
		AUTO_MEM void *tmp = mem_root();
		const char *value = settings_get(settings, row->name);
		const char *cells[] = { row->name,
					row->secret ? settings_redact(tmp, value) : value,
					settings_origin(settings, row->name) };

		rows_add(h->settings, cells);
	}
}

void
health_fetch(void *mem, const struct settings *settings, enum health_depth depth,
	     struct health *out)
{
	static const char *const checks[] = { "check", "value", "limit", "state", "hint" };
	static const char *const names[] = { "setting", "value", "origin" };
	struct doctor d = { .settings = settings, .health = out, .asked = depth >= HEALTH_ASKED };

	*out = (struct health){ .checks = rows_new(mem, 5), .settings = rows_new(mem, 3) };
	for (size_t i = 0; i < 5; i++)
		rows_column(out->checks, i, checks[i], ROWS_TEXT);
	for (size_t i = 0; i < 3; i++)
		rows_column(out->settings, i, names[i], ROWS_TEXT);
	list_settings(out, settings);
	check_machine(&d);
	check_aws(&d);
	check_emr(mem, &d);
	if (d.asked)
		check_lake(mem, &d, depth == HEALTH_WRITE);
	check_ledger(mem, &d);
	check_databases(mem, &d);
}
