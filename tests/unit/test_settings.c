#include "base/settings.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *home; /* a folder of this test */

struct load_row {
	const char *name;
	const char *file;	 /* text of the file, or NULL for none */
	const char *profile;	 /* or NULL */
	const char *variable[2]; /* name, value */
	const char *setting, *value, *origin;
	const char *error; /* %s is the file */
	const char *hint;
};

static const struct load_row load_rows[] = {
	{ .name = "no file", .setting = "max_reject_percent", .value = "1", .origin = "default" },
	{ .name = "nothing configured", .setting = "source_dsn", .value = "", .origin = "default" },
	{ .name = "from the file",
	  .file = "; a comment\n# another\n [profile local]\r\n\n \tsource_dsn = host=a dbname=b ; c \r\n",
	  .setting = "source_dsn",
	  .value = "host=a dbname=b ; c",
	  .origin = "FILE:5" },
	{ .name = "a variable before the file",
	  .file = "[profile local]\nsource_dsn = a\n",
	  .variable = { "BIKEOPS_SOURCE_DSN", "b" },
	  .setting = "source_dsn",
	  .value = "b",
	  .origin = "BIKEOPS_SOURCE_DSN" },
	{ .name = "an empty variable is none",
	  .file = "[profile local]\nsource_dsn = a\n",
	  .variable = { "BIKEOPS_SOURCE_DSN", "" },
	  .setting = "source_dsn",
	  .value = "a",
	  .origin = "FILE:2" },
	{ .name = "a variable of another name",
	  .variable = { "BIKEOPS_LAKE", "/lake" },
	  .setting = "lake_dir",
	  .value = "/lake",
	  .origin = "BIKEOPS_LAKE" },
	{ .name = "another profile's lines",
	  .file = "[profile x]\nproduction = true\n[profile local]\nlake_dir = l\n",
	  .setting = "production",
	  .value = "false",
	  .origin = "default" },
	{ .name = "a named profile",
	  .file = "[profile local]\nlake_dir = l\n[profile x]\nlake_dir = x\n",
	  .profile = "x",
	  .setting = "lake_dir",
	  .value = "x",
	  .origin = "FILE:4" },
	{ .name = "a named profile by variable",
	  .file = "[profile x]\nlake_dir = x\n",
	  .variable = { "BIKEOPS_PROFILE", "x" },
	  .setting = "lake_dir",
	  .value = "x",
	  .origin = "FILE:2" },
	{ .name = "an argument before the variable",
	  .file = "[profile x]\nlake_dir = x\n[profile y]\nlake_dir = y\n",
	  .profile = "y",
	  .variable = { "BIKEOPS_PROFILE", "x" },
	  .setting = "lake_dir",
	  .value = "y",
	  .origin = "FILE:4" },
	{ .name = "an empty profile variable is none",
	  .variable = { "BIKEOPS_PROFILE", "" },
	  .setting = "production",
	  .value = "false",
	  .origin = "default" },
	{ .name = "a named profile keeps its database",
	  .file = "[profile x]\nsource_dsn = x\n",
	  .profile = "x",
	  .variable = { "BIKEOPS_SOURCE_DSN", "y" },
	  .setting = "source_dsn",
	  .value = "x",
	  .origin = "FILE:2" },
	{ .name = "and its warehouse",
	  .file = "[profile x]\nwarehouse_dsn=x\n",
	  .profile = "x",
	  .variable = { "BIKEOPS_WAREHOUSE_DSN", "y" },
	  .setting = "warehouse_dsn",
	  .value = "x",
	  .origin = "FILE:2" },
	{ .name = "and its ledger",
	  .file = "[profile x]\nledger_dsn=x\n",
	  .profile = "x",
	  .variable = { "BIKEOPS_LEDGER_DSN", "y" },
	  .setting = "ledger_dsn",
	  .value = "x",
	  .origin = "FILE:2" },
	{ .name = "but takes other variables",
	  .file = "[profile x]\nlake_dir = x\n",
	  .profile = "x",
	  .variable = { "BIKEOPS_LAKE", "y" },
	  .setting = "lake_dir",
	  .value = "y",
	  .origin = "BIKEOPS_LAKE" },
	{ .name = "no such profile",
	  .profile = "x",
	  .error = "no profile 'x' in the configuration",
	  .hint = "add a section [profile x] to bikeops.conf" },
	{ .name = "none of the choices",
	  .file = "[profile local]\nlake = s\n",
	  .error = "line 2 of '%s': bad value 's' of 'lake'",
	  .hint = "write folder or s3" },
	{ .name = "one of three choices",
	  .file = "[profile local]\nengine = emr duckdb\n",
	  .error = "line 2 of '%s': bad value 'emr duckdb' of 'engine'",
	  .hint = "write auto or duckdb or emr" },
	{ .name = "unknown setting",
	  .file = "[profile local]\nlakes = l\n",
	  .error = "line 2 of '%s': unknown setting 'lakes'",
	  .hint = "bikeops.conf(5) lists them" },
	{ .name = "no = behind a DSN's name: what follows may be secret",
	  .file = "[profile local]\nsource_dsn postgresql://u:secret@h/d\n",
	  .error = "line 2 of '%s': 'source_dsn' is no setting",
	  .hint = "write NAME = VALUE, or [profile NAME]" },
	{ .name = "the same, with an = in it",
	  .file = "[profile local]\nsource_dsn: host=h password=secret\n",
	  .error = "line 2 of '%s': unknown setting 'source_dsn'",
	  .hint = "bikeops.conf(5) lists them" },
	{ .name = "a DSN alone",
	  .file = "[profile local]\npostgresql://u:secret@h/d?sslmode=require\n",
	  .error = "line 2 of '%s': unknown setting 'postgresql'",
	  .hint = "bikeops.conf(5) lists them" },
	{ .name = "unknown setting of another profile",
	  .file = "[profile x]\nlakes = l\n",
	  .error = "line 2 of '%s': unknown setting 'lakes'",
	  .hint = "bikeops.conf(5) lists them" },
	{ .name = "in no profile",
	  .file = "lake_dir = l\n",
	  .error = "line 1 of '%s': setting 'lake_dir' stands in no profile",
	  .hint = "write it below a line [profile NAME]" },
	{ .name = "no setting at all",
	  .file = "[profile local]\n\nnonsense\n",
	  .error = "line 3 of '%s': 'nonsense' is no setting",
	  .hint = "write NAME = VALUE, or [profile NAME]" },
	{ .name = "a line that begins with blanks is a line of its own",
	  .file = "[profile local]\n  lake_dir = l\n\t# sql_dir = s\n  lake_dir = m\n",
	  .setting = "lake_dir",
	  .value = "m",
	  .origin = "FILE:4" },
	{ .name = "a broken section",
	  .file = "[profile local\nlake_dir = l\n",
	  .error = "line 1 of '%s': '[profile local' is no setting",
	  .hint = "write NAME = VALUE, or [profile NAME]" },
	{ .name = "another section",
	  .file = "[profile local]\n[x]\nlake_dir = l\n",
	  .error = "line 3 of '%s': setting 'lake_dir' stands in no profile",
	  .hint = "write it below a line [profile NAME]" },
	{ .name = "a profile without settings",
	  .file = "[profile x]\n",
	  .profile = "x",
	  .setting = "lake_dir",
	  .value = "",
	  .origin = "default" },
	{ .name = "a price",
	  .file = "[profile local]\nredshift_price_rpu_hour = 0.45\n",
	  .setting = "redshift_price_rpu_hour",
	  .value = "0.45",
	  .origin = "FILE:2" },
	{ .name = "no price",
	  .file = "[profile local]\nredshift_price_rpu_hour = 0,45\n",
	  .error = "line 2 of '%s': bad value '0,45' of 'redshift_price_rpu_hour'",
	  .hint = "write a number such as 0.052624" },
	{ .name = "half a price",
	  .file = "[profile local]\nredshift_price_rpu_hour = 1.\n",
	  .error = "line 2 of '%s': bad value '1.' of 'redshift_price_rpu_hour'",
	  .hint = "write a number such as 0.052624" },
	{ .name = "not a number",
	  .file = "[profile local]\nmax_reject_percent = 1%\n",
	  .error = "line 2 of '%s': bad value '1%%' of 'max_reject_percent'",
	  .hint = "write a whole number" },
	{ .name = "an empty number",
	  .file = "[profile local]\nmax_reject_percent =\n",
	  .error = "line 2 of '%s': bad value '' of 'max_reject_percent'",
	  .hint = "write a whole number" },
	{ .name = "a number too large",
	  .variable = { "BIKEOPS_MAX_REJECT_PERCENT", "1234567890" },
	  .error =
		  "variable BIKEOPS_MAX_REJECT_PERCENT: bad value '1234567890' of 'max_reject_percent'",
	  .hint = "write a whole number" },
	{ .name = "not a bool",
	  .file = "[profile local]\nproduction = yes\n",
	  .error = "line 2 of '%s': bad value 'yes' of 'production'",
	  .hint = "write true or false" },
	{ .name = "a bool",
	  .file = "[profile local]\nproduction = true\n",
	  .setting = "production",
	  .value = "true",
	  .origin = "FILE:2" },
	{ .name = "false",
	  .file = "[profile local]\nproduction = false\n",
	  .setting = "production",
	  .value = "false",
	  .origin = "FILE:2" },
};

static char *
write_file(void *mem, const char *text)
{
	char *path = mem_printf(mem, "%s/.config/bikeops/bikeops.conf", home);
	FILE *f;

	unlink(path);
	if (!text)
		return path;
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static void
clean_environment(void)
{
	unsetenv("BIKEOPS_PROFILE");
	unsetenv("BIKEOPS_LAKE");
	unsetenv("BIKEOPS_SOURCE_DSN");
	unsetenv("BIKEOPS_WAREHOUSE_DSN");
	unsetenv("BIKEOPS_LEDGER_DSN");
	unsetenv("BIKEOPS_MAX_REJECT_PERCENT");
	setenv("HOME", home, 1);
}

static struct err *
load(void *mem, const struct load_row *row, const char *path, struct settings **s)
{
	clean_environment();
	if (row->variable[0])
		setenv(row->variable[0], row->variable[1], 1);
	return settings_load(mem, path, row->profile, s);
}

/* "%s" in want becomes path. */
static void
assert_load_error(struct err *e, const struct load_row *row, const char *path)
{
	AUTO_MEM void *tmp = mem_root();

	assert_non_null(e);
	assert_int_equal(e->code, ERR_CONFIG);
	assert_text(err_hint_of(e), row->hint);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	assert_err(e, mem_printf(tmp, row->error, path));
#pragma GCC diagnostic pop
}

static void
loads(void **state)
{
	const struct load_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	char *path = write_file(tmp, row->file);
	struct settings *s = NULL;
	struct err *e = load(tmp, row, NULL, &s);

	if (row->error) {
		assert_load_error(e, row, path);
		return;
	}
	assert_err(e, NULL);
	assert_string_equal(settings_get(s, row->setting), row->value);
	assert_string_equal(settings_origin(s, row->setting),
			    strncmp(row->origin, "FILE", 4)
				    ? row->origin
				    : mem_printf(tmp, "%s%s", path, row->origin + 4));
}

static void
named_file(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	char *usual = write_file(tmp, "nonsense");
	char *path = mem_printf(tmp, "%s/other.conf", home);
	struct load_row row = { .name = "" };
	struct settings *s;

	(void)state;
	assert_err(load(tmp, &row, path, &s),
		   mem_printf(tmp, "cannot read '%s': No such file or directory", path));
	write_file(tmp, "[profile local]\nmax_reject_percent = 12\n");
	assert_int_equal(rename(usual, path), 0);
	write_file(tmp, "nonsense");
	assert_err(load(tmp, &row, path, &s), NULL);
	assert_int_equal(settings_int(s, "max_reject_percent"), 12);
	assert_false(settings_bool(s, "production"));
	assert_string_equal(settings_profile(s), "local");
}

/* A file that is there but cannot be read is not passed over. */
static void
unreadable_file(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	char *usual = write_file(tmp, NULL);
	struct load_row row = { .name = "" };
	struct settings *s;

	(void)state;
	assert_int_equal(symlink(usual, usual), 0);
	assert_err(load(tmp, &row, NULL, &s),
		   mem_printf(tmp, "cannot read '%s': Too many levels of symbolic links", usual));
	assert_int_equal(unlink(usual), 0);
	assert_err(load(tmp, &row, home, &s),
		   mem_printf(tmp, "cannot read '%s': Is a directory", home));
}

static void
without_home(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct settings *s;

	(void)state;
	clean_environment();
	unsetenv("HOME");
	assert_err(settings_load(tmp, NULL, NULL, &s), NULL);
	assert_string_equal(settings_get(s, "business_timezone"), "UTC");
}

static void
told_where(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct load_row row = { .variable = { "BIKEOPS_LAKE", "/lake" } };
	char *path = write_file(tmp, "[profile local]\nsource_dsn = dbname=x password=y\n");
	struct settings *s;

	(void)state;
	assert_err(load(tmp, &row, NULL, &s), NULL);
	assert_string_equal(settings_where(tmp, s, "lake_dir"),
			    "lake_dir from BIKEOPS_LAKE in the environment");
	assert_string_equal(settings_where(tmp, s, "source_dsn"),
			    mem_printf(tmp, "source_dsn from %s:2", path));
}

static void
defaults_and_needs(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct load_row row = { .name = "" };
	const char *value = "untouched";
	struct settings *s;

	(void)state;
	write_file(tmp, "[profile x]\n");
	assert_err(load(tmp, &row, NULL, &s), NULL);
	assert_err(settings_need(s, "lake_dir", &value), "profile 'local' has no lake_dir");
	assert_string_equal(value, "untouched");
	settings_default(s, "lake_dir", "/lake", "embedded stack");
	settings_default(s, "lake_dir", "/other", "nobody");
	assert_err(settings_need(s, "lake_dir", &value), NULL);
	assert_string_equal(value, "/lake");
	assert_string_equal(settings_origin(s, "lake_dir"), "embedded stack");
	assert_string_equal(settings_where(tmp, s, "lake_dir"), "lake_dir from the embedded stack");

	write_file(tmp, "[profile x]\nproduction = true\n");
	row.profile = "x";
	assert_err(load(tmp, &row, NULL, &s), NULL);
	assert_true(settings_bool(s, "production"));
	assert_string_equal(settings_profile(s), "x");
	struct err *e = settings_need(s, "ledger_dsn", &value);
	assert_string_equal(err_hint_of(e), "set it in bikeops.conf");
	assert_err(e, "profile 'x' has no ledger_dsn");
}

struct redact_row {
	const char *name;
	const char *dsn;
	const char *want;
};

static const struct redact_row redact_rows[] = {
	{ "nothing secret", "host=a dbname=b", "host=a dbname=b" },
	{ "empty", "", "" },
	{ "password", "host=a password=secret dbname=b", "host=a password=*** dbname=b" },
	{ "at the end", "host=a password=secret", "host=a password=***" },
	{ "spaces around =", "password = secret user=u", "password = *** user=u" },
	{ "quoted", "password='a b' user=u", "password=*** user=u" },
	{ "quoted, unfinished", "password='a b", "password=***" },
	{ "quoted with a quote", "password='a\\'b c' user=u", "password=*** user=u" },
	{ "escaped space", "password=a\\ b user=u", "password=*** user=u" },
	{ "empty quotes", "password='' user=u", "password=*** user=u" },
	{ "tabs and lines part, too", "host=a\tpassword=secret\nuser=u",
	  "host=a\tpassword=***\nuser=u" },
	{ "another value says password", "dbname=password user=u password=secret",
	  "dbname=password user=u password=***" },
	{ "certificate's", "sslpassword=one password=two", "sslpassword=*** password=***" },
	{ "URI", "postgresql://u:secret@h:5432/d", "postgresql://u:***@h:5432/d" },
	{ "URI without user", "postgresql://h:5432/d", "postgresql://h:5432/d" },
	{ "URI without password", "postgresql://u@h:5432/d", "postgresql://u@h:5432/d" },
	{ "URI with / in it", "postgres://u:a/b@h/d", "postgres://u:***@h/d" },
	{ "URI parameter without value", "postgresql://h/d?password", "postgresql://h/d?password" },
	{ "database of that name", "postgresql://h/password?a=b", "postgresql://h/password?a=b" },
	{ "URI as a password", "password=postgresql://u:x@h", "password=***" },
	{ "backslash at the end", "password=a\\", "password=***" },
	{ "URI with @ in it", "postgresql://u:a@b@h/d", "postgresql://u:***@h/d" },
	{ "URI with ? in it", "postgresql://u:a?b@h/d", "postgresql://u:***@h/d" },
	{ "URI with @ in a parameter", "postgresql://h/d?options=a:b@c",
	  "postgresql://h/d?options=a:b@c" },
	{ "URI parameter", "postgresql://h/d?password=secret&user=u",
	  "postgresql://h/d?password=***&user=u" },
};

static void
redacts(void **state)
{
	const struct redact_row *row = *state;
	AUTO_MEM void *tmp = mem_root();

	assert_string_equal(settings_redact(tmp, row->dsn), row->want);
}

/* The sample with the sign before each setting taken away is a file that loads. */
static void
sample_loads(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	char *text = settings_sample(tmp);
	struct load_row row = { .name = "" };
	struct settings *s;

	(void)state;
	for (const struct setting *setting = setting_rows; setting->name; setting++) {
		char *line = mem_printf(tmp, "\n#%s = ", setting->name);
		char *at = strstr(text, line);

		assert_non_null(at);
		memmove(at + 1, at + 2, strlen(at + 1));
		assert_non_null(strstr(text, setting->help));
	}
	write_file(tmp, text);
	assert_err(load(tmp, &row, NULL, &s), NULL);
	for (const struct setting *setting = setting_rows; setting->name; setting++) {
		assert_string_equal(settings_get(s, setting->name),
				    setting->value ? setting->value : "");
		assert_string_not_equal(settings_origin(s, setting->name), "default");
	}
}

int
main(void)
{
	AUTO_MEM void *tmp = mem_root();
	char *dir = mem_strdup(tmp, "/tmp/bikeops test-XXXXXX");
	struct unit u = { 0 };
	int status;

	if (!mkdtemp(dir) || mkdir(mem_printf(tmp, "%s/.config", dir), 0700) ||
	    mkdir(mem_printf(tmp, "%s/.config/bikeops", dir), 0700))
		return 1;
	home = dir;
	UNIT_ROWS(&u, loads, load_rows);
	UNIT(&u, named_file);
	UNIT(&u, unreadable_file);
	UNIT(&u, without_home);
	UNIT(&u, told_where);
	UNIT(&u, defaults_and_needs);
	UNIT_ROWS(&u, redacts, redact_rows);
	UNIT(&u, sample_loads);
	status = unit_run(&u, "settings");
	if (system(mem_printf(tmp, "rm -r '%s'", dir))) /* banned-ok: a test */
		return 1;
	return status;
}
