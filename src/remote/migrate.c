#include "remote/migrate.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/time.h"

#include <string.h>

/* One file as a row of the table. */
struct migration {
	const char *name; /* "ledger/0001_ledger" */
	const char *text;
	char sha256[DIGEST_HEX];
};

static void
migrations(void *mem, const char *const *folders, size_t n_folders, struct migration **list,
	   size_t *n)
{
	*n = 0;
	*list = mem_array(mem, struct migration, 1);
	for (size_t f = 0; f < n_folders; f++) {
		const char **names;
		size_t n_names;

		sql_list(mem, folders[f], &names, &n_names);
		*list = mem_grow(mem, *list, struct migration, *n + n_names);
		for (size_t i = 0; i < n_names; i++) {
			struct migration *m = &(*list)[(*n)++];

			m->name = mem_printf(mem, "%s/%s", folders[f], names[i]);
			m->text = sql_text(m->name);
			digest_text(m->text, m->sha256);
		}
	}
}

static struct err *
migration_run(struct pg *pg, const char *table, const struct migration *m)
{
	AUTO_MEM void *tmp = mem_root();
	const char *file = strrchr(m->name, '/') + 1;
	const char *params[] = { mem_strndup(tmp, file, strspn(file, "0123456789")), m->name,
				 m->sha256, time_iso(tmp, time_now_us()), pg_user(pg) };
	struct err *e = pg_script(pg, m->text);

	if (e)
		return err_wrap(e, "cannot migrate by '%s'", m->name);
	return pg_query(tmp, pg,
			mem_printf(tmp,
				   "insert into %s (version, name, sha256, at, by) "
				   "values ($1::int, $2, $3, $4, $5)",
				   table),
			params, 5, NULL);
}

/* The rows that stand there must be ours, in our words. */
static struct err *
migrations_agree(const struct rows *done, const struct migration *list, size_t n, bool *have)
{
	for (size_t i = 0; i < done->n; i++) {
		const char *name = rows_get(done, i, "name");
		size_t m = 0;

		while (m < n && strcmp(list[m].name, name))
			m++;
		if (m == n)
			return err_hint(err_new(ERR_REFUSED,
						"the schema is newer than this program: "
						"it has '%s'",
						name),
					"use the newer bikeops that made it");
		if (strcmp(list[m].sha256, rows_get(done, i, "sha256")))
			return err_hint(
				err_new(ERR_REFUSED, "'%s' was run with another text", name),
				"use the bikeops that made it; 'setup --recreate' makes all but the ledger anew");
		have[m] = true;
	}
	return NULL;
}

static struct err *
migrate_locked(struct pg *pg, const char *schema, const struct migration *list, size_t n)
{
	AUTO_MEM void *tmp = mem_root();
	const char *table = mem_printf(tmp, "%s.migration", schema);
	bool *have = mem_array(tmp, bool, n + 1);
	struct rows *done;

	TRY(pg_query(tmp, pg,
		     "select count(*) > 0 as there from pg_tables "
		     "where schemaname = $1 and tablename = 'migration'",
		     &schema, 1, &done));
	if (rows_bool(done, 0, "there")) {
		TRY(pg_query(tmp, pg, mem_printf(tmp, "select name, sha256 from %s", table), NULL,
			     0, &done));
		TRY(migrations_agree(done, list, n, have));
	} else {
		TRY(pg_exec(pg, mem_printf(tmp, "create schema if not exists %s", schema)));
		TRY(pg_exec(pg, mem_printf(tmp,
					   "create table %s (version int not null, "
					   "name varchar(255) primary key, "
					   "sha256 varchar(64) not null, "
					   "at timestamptz not null, "
					   "by varchar(255) not null)",
					   table)));
	}
	for (size_t i = 0; i < n; i++) {
		if (have[i])
			continue;
		TRY(migration_run(pg, table, &list[i]));
		log_debug("migrated by '%s'", list[i].name);
	}
	return NULL;
}

struct err *
migrate(struct pg *pg, const char *schema, const char *const *folders, size_t n_folders, bool locks)
{
	AUTO_MEM void *tmp = mem_root();
	struct migration *list;
	size_t n;

	migrations(tmp, folders, n_folders, &list, &n);
	TRY(pg_exec(pg, "begin"));
	struct err *e = locks ? pg_query(tmp, pg, "select pg_advisory_xact_lock(hashtext($1))",
					 &schema, 1, NULL)
			      : NULL;
	if (!e)
		e = migrate_locked(pg, schema, list, n);
	if (!e)
		return pg_exec(pg, "commit");
	err_free(pg_exec(pg, "rollback"));
	return e;
}
