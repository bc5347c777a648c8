#include "base/sql.h"

#include "base/digest.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* In place of the generated table. */
const struct sql_file sql_files[] = {
	{ "a/one", "SELECT 1" }, { "a/sub/deep", "SELECT 9" }, { "a/two", "SELECT 2" },
	{ "ab", "SELECT 4" },	 { "ab/one", "SELECT 3" },     { NULL, NULL },
};

struct split_row {
	const char *name;
	const char *script;
	const char *want[4];
};

static const struct split_row split_rows[] = {
	{ "nothing", "", { NULL } },
	{ "only space", " \n\t\n", { NULL } },
	{ "one", "SELECT 1", { "SELECT 1" } },
	{ "one with line end", "SELECT 1\n", { "SELECT 1\n" } },
	{ "two", "SELECT 1\n;\nSELECT 2\n;\n", { "SELECT 1\n", "SELECT 2\n" } },
	{ "two, the last without line ends",
	  "SELECT 1\n;\nSELECT 2",
	  { "SELECT 1\n", "SELECT 2" } },
	{ "separator at the very end", "SELECT 1\n;", { "SELECT 1\n" } },
	{ "separators in a row", ";\n;\nSELECT 1\n;\n;\n", { "SELECT 1\n" } },
	{ "not alone on its line", "SELECT ';'\n ;\n;;\n", { "SELECT ';'\n ;\n;;\n" } },
	{ "comments stay", "-- why\nSELECT 1\n;\n", { "-- why\nSELECT 1\n" } },
};

static void
splits(void **state)
{
	const struct split_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	const char **got;
	size_t n, want = 0;

	sql_split(tmp, row->script, &got, &n);
	while (row->want[want])
		want++;
	assert_int_equal(n, want);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(got[i], row->want[i]);
}

static void
finds(void **state)
{
	(void)state;
	assert_string_equal(sql_text("a/two"), "SELECT 2");
	assert_string_equal(sql_find("ab/one"), "SELECT 3");
	assert_null(sql_find("a"));
	assert_null(sql_find("a/three"));
}

static void
lists(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const char **names;
	size_t n;

	(void)state;
	sql_list(tmp, "a", &names, &n);
	assert_int_equal(n, 2);
	assert_string_equal(names[0], "one");
	assert_string_equal(names[1], "two");
	sql_list(tmp, "none", &names, &n);
	assert_int_equal(n, 0);
}

/* Names and texts with their NUL bytes, in order: `sha256sum` says the same. */
static void
hashes(void **state)
{
	static const char all[] = "a/one\0SELECT 1\0a/sub/deep\0SELECT 9\0a/two\0SELECT 2\0"
				  "ab\0SELECT 4\0ab/one\0SELECT 3";
	AUTO_MEM void *tmp = mem_root();
	struct digest *d = digest_new(tmp);
	char hex[DIGEST_HEX];

	(void)state;
	digest_update(d, all, sizeof(all));
	digest_hex(d, hex);
	assert_string_equal(sql_hash(tmp), hex);
}

static void
write_file(const char *dir, const char *name, size_t n)
{
	AUTO_MEM void *tmp = mem_root();
	FILE *f = fopen(mem_printf(tmp, "%s/%s.sql", dir, name), "w");

	assert_non_null(f);
	for (size_t i = 0; i < n; i++)
		fputc('x', f);
	fclose(f);
}

/* For root alone: who may write there would be root. */
static void
folder_of_others(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	char *dir = mem_strdup(tmp, "/tmp/bikeops-test-sql-XXXXXX");
	struct err *e;

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < 2 && geteuid() == 0; i++) {
		assert_int_equal(i ? chown(dir, 1, 1) : chmod(dir, 0777), 0);
		e = sql_use_dir(dir);
		assert_non_null(e);
		assert_int_equal(e->code, ERR_REFUSED);
		assert_text(err_hint_of(e), "root runs only SQL that root alone can change");
		assert_err(e, mem_printf(tmp, "sql_dir '%s' is not root's own", dir));
		assert_int_equal(chmod(dir, 0755), 0);
	}
	rmdir(dir);
}

static void
other_folder(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	char *dir = mem_strdup(tmp, "/tmp/bikeops-test-sql-XXXXXX");

	(void)state;
	assert_err(sql_use_dir(NULL), NULL);
	assert_err(sql_use_dir("/none"), "cannot read sql_dir '/none': No such file or directory");
	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < 3; i++) {
		static const char *const folders[] = { "a", "a/sub", "ab" };

		assert_int_equal(mkdir(mem_printf(tmp, "%s/%s", dir, folders[i]), 0700), 0);
	}
	for (int i = 0; i < 4; i++)
		write_file(dir, sql_files[i].name, (size_t)i + 1);
	assert_err(sql_use_dir(dir), mem_printf(tmp,
						"cannot read '%s/ab/one.sql' of sql_dir: "
						"No such file or directory",
						dir));
	assert_string_equal(sql_text("a/one"), "SELECT 1");

	write_file(dir, "ab/one", (1 << 20) + 1);
	assert_err(sql_use_dir(dir),
		   mem_printf(tmp, "'%s/ab/one.sql' of sql_dir is longer than 1 MiB", dir));

	write_file(dir, "ab/one", 1 << 20);
	assert_err(sql_use_dir(dir), NULL);
	assert_string_equal(sql_text("a/two"), "xxx");
	assert_int_equal(strlen(sql_text("ab/one")), 1 << 20);
	write_file(dir, "a/one", 0);
	assert_err(sql_use_dir(dir), NULL);
	assert_string_equal(sql_text("a/one"), "");
	char *two = mem_printf(tmp, "%s/a/two.sql", dir);
	for (int i = 0; i < 2 && geteuid() == 0; i++) {
		assert_int_equal(i ? chown(two, 1, 1) : chmod(two, 0666), 0);
		assert_err(sql_use_dir(dir),
			   mem_printf(tmp, "'%s' of sql_dir is not root's own", two));
		assert_int_equal(chmod(two, 0644), 0);
	}
	assert_int_equal(unlink(two) | mkdir(two, 0700), 0);
	assert_err(sql_use_dir(dir),
		   mem_printf(tmp, "cannot read '%s' of sql_dir: Is a directory", two));
	assert_int_equal(system(mem_printf(tmp, "rm -r '%s'", dir)), 0); /* banned-ok: a test */
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, splits, split_rows);
	UNIT(&u, finds);
	UNIT(&u, lists);
	UNIT(&u, hashes);
	UNIT(&u, folder_of_others);
	UNIT(&u, other_folder);
	return unit_run(&u, "sql");
}
