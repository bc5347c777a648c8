#include "base/settings.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/strbuf.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct settings {
	const char *profile;
	bool found;			/* a file has a section of this profile */
	const char **values, **origins; /* by row */
};

static int
setting_index(const char *name)
{
	for (int i = 0; setting_rows[i].name; i++) {
		if (!strcmp(setting_rows[i].name, name))
			return i;
	}
	return -1;
}

static int
setting_known(const char *name)
{
	int i = setting_index(name);

	assert(i >= 0);
	return i;
}

static bool
setting_is_int(const char *value)
{
	size_t n = strspn(value, "0123456789");

	return n > 0 && n < 10 && !value[n];
}

/* "0.052624", or nothing */
static bool
setting_is_number(const char *value)
{
	size_t whole = strspn(value, "0123456789"), part = 0;

	if (value[whole] == '.')
		part = 1 + strspn(value + whole + 1, "0123456789");
	return !*value ||
	       (whole > 0 && whole < 7 && part != 1 && part < 11 && !value[whole + part]);
}

static bool
setting_is_one_of(const char *value, const char *choices)
{
	size_t n = strlen(value);

	for (const char *at = choices; at && *at; at = strchr(at, ' ')) {
		at += *at == ' ';
		if (n && strcspn(at, " ") == n && !strncmp(at, value, n))
			return true;
	}
	return false;
}

/* "true or false" */
static char *
setting_or(void *mem, const char *choices)
{
	const char *at = choices;
	char *text = mem_strndup(mem, at, strcspn(at, " "));

	while ((at = strchr(at, ' '))) {
		at++;
		text = mem_printf(mem, "%s or %.*s", text, (int)strcspn(at, " "), at);
	}
	return text;
}

static struct err *
settings_set(struct settings *s, int i, const char *value, const char *origin)
{
	const struct setting *row = &setting_rows[i];
	AUTO_MEM void *tmp = mem_root();
	const char *choices = row->type == SETTING_BOOL ? "true false" : row->choices;
	bool ok = choices			? setting_is_one_of(value, choices)
		  : row->type == SETTING_INT	? setting_is_int(value)
		  : row->type == SETTING_NUMBER ? setting_is_number(value)
						: true;

	if (!ok)
		return err_hint(err_new(ERR_CONFIG, "bad value '%s' of '%s'", value, row->name),
				"write %s",
				choices			   ? setting_or(tmp, choices)
				: row->type == SETTING_INT ? "a whole number"
							   : "a number such as 0.052624");
	s->values[i] = mem_strdup(s, value);
	s->origins[i] = mem_strdup(s, origin);
	return NULL;
}

/* Where reading stands in one file. */
struct reading {
	struct settings *s;
	const char *path;
	int line;
	const char *section; /* of the current line, "" before the first */
};

/* The text between the blanks around it; ends it in place. */
static char *
trim(char *text)
{
	size_t n;

	text += strspn(text, " \t\r\n");
	n = strlen(text);
	while (n && strchr(" \t\r\n", text[n - 1]))
		n--;
	text[n] = '\0';
	return text;
}

/* Bytes of a line that an error may show: what follows a name may be secret. */
static int
shown(const char *text)
{
	return (int)(*text == '[' ? strlen(text) : strcspn(text, " \t:="));
}

static struct err *
settings_assign(struct reading *r, const char *name, const char *value)
{
	int i = setting_index(name);

	if (i < 0)
		return err_hint(err_new(ERR_CONFIG, "unknown setting '%.*s'", shown(name), name),
				"bikeops.conf(5) lists them");
	if (strncmp(r->section, "profile ", 8))
		return err_hint(err_new(ERR_CONFIG, "setting '%s' stands in no profile", name),
				"write it below a line [profile NAME]");
	if (strcmp(r->section + 8, r->s->profile))
		return NULL;
	r->s->found = true;
	return settings_set(r->s, i, value, mem_printf(r->s, "%s:%d", r->path, r->line));
}

static struct err *
settings_line(struct reading *r, char *line)
{
	char *text = trim(line);
	char *equals = strchr(text, '=');
	size_t n = strlen(text);

	if (!n || *text == '#' || *text == ';')
		return NULL;
	if (*text == '[' && text[n - 1] == ']') {
		text[n - 1] = '\0';
		r->section = mem_strdup(r->s, trim(text + 1));
		r->s->found |= !strncmp(r->section, "profile ", 8) &&
			       !strcmp(r->section + 8, r->s->profile);
		return NULL;
	}
	if (!equals)
		return err_hint(err_new(ERR_CONFIG, "'%.*s' is no setting", shown(text), text),
				"write NAME = VALUE, or [profile NAME]");
	*equals = '\0';
	return settings_assign(r, trim(text), trim(equals + 1));
}

static struct err *
settings_lines(struct settings *s, const char *path, FILE *f)
{
	struct reading r = { .s = s, .path = path, .section = "" };
	struct err *e = NULL;
	char *line = NULL;
	size_t size = 0;

	while (!e && getline(&line, &size, f) >= 0) {
		r.line++;
		e = settings_line(&r, line);
	}
	if (e)
		e = err_wrap(e, "line %d of '%s'", r.line, path);
	else if (ferror(f))
		e = err_sys(ERR_CONFIG, "cannot read '%s'", path);
	free(line);
	return e;
}

static struct err *
settings_file(struct settings *s, const char *path, bool must_exist)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return must_exist || errno != ENOENT ? err_sys(ERR_CONFIG, "cannot read '%s'", path)
						     : NULL;
	struct err *e = settings_lines(s, path, f);
	fclose(f);
	return e;
}

static char *
settings_variable(void *mem, const struct setting *row)
{
	char *name = row->env ? mem_strdup(mem, row->env)
			      : mem_printf(mem, "BIKEOPS_%s", row->name);

	for (char *c = name; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return name;
}

/* A named profile's databases are never swapped by a variable left in a shell. */
static struct err *
settings_environment(struct settings *s)
{
	AUTO_MEM void *tmp = mem_root();

	for (int i = 0; setting_rows[i].name; i++) {
		const char *variable = settings_variable(tmp, &setting_rows[i]);
		const char *value = getenv(variable);

		if (!value || !*value)
			continue;
		if (setting_rows[i].secret && strcmp(s->profile, "local")) {
			log_warn("%s is ignored: profile '%s' names its own databases", variable,
				 s->profile);
			continue;
		}
		struct err *e = settings_set(s, i, value, variable);
		if (e)
			return err_wrap(e, "variable %s", variable);
	}
	return NULL;
}

static struct err *
settings_files(struct settings *s, const char *path)
{
	AUTO_MEM void *tmp = mem_root();
	const char *home = getenv("HOME");

	if (path)
		return settings_file(s, path, true);
	TRY(settings_file(s, "/etc/bikeops/bikeops.conf", false));
	if (!home)
		return NULL;
	return settings_file(s, mem_printf(tmp, "%s/.config/bikeops/bikeops.conf", home), false);
}

struct err *
settings_load(void *mem, const char *path, const char *profile, struct settings **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct settings *s = mem_new(tmp, struct settings);
	const char *variable = getenv("BIKEOPS_PROFILE");
	size_t n = 0;

	while (setting_rows[n].name)
		n++;

	s->profile = mem_strdup(s, profile ? profile : variable && *variable ? variable : "local");
	s->values = mem_array(s, const char *, n);
	s->origins = mem_array(s, const char *, n);
	for (size_t i = 0; i < n; i++) {
		s->values[i] = setting_rows[i].value ? setting_rows[i].value : "";
		s->origins[i] = "default";
	}
	TRY(settings_files(s, path));
	if (!s->found && strcmp(s->profile, "local"))
		return err_hint(
			err_new(ERR_CONFIG, "no profile '%s' in the configuration", s->profile),
			"add a section [profile %s] to bikeops.conf", s->profile);
	TRY(settings_environment(s));
	mem_move(mem, s);
	*out = s;
	return NULL;
}

void
settings_default(struct settings *s, const char *name, const char *value, const char *origin)
{
	int i = setting_known(name);

	if (*s->values[i])
		return;
	s->values[i] = mem_strdup(s, value);
	s->origins[i] = mem_strdup(s, origin);
}

const char *
settings_profile(const struct settings *s)
{
	return s->profile;
}

const char *
settings_get(const struct settings *s, const char *name)
{
	return s->values[setting_known(name)];
}

const char *
settings_origin(const struct settings *s, const char *name)
{
	return s->origins[setting_known(name)];
}

char *
settings_where(void *mem, const struct settings *s, const char *name)
{
	int i = setting_known(name);
	const char *origin = s->origins[i];
	bool variable = !strcmp(origin, settings_variable(mem, &setting_rows[i]));

	return mem_printf(mem, "%s from %s%s%s", name,
			  variable || strchr(origin, ':') ? "" : "the ", origin,
			  variable ? " in the environment" : "");
}

bool
settings_bool(const struct settings *s, const char *name)
{
	return !strcmp(settings_get(s, name), "true");
}

int
settings_int(const struct settings *s, const char *name)
{
	return (int)strtol(settings_get(s, name), NULL, 10);
}

struct err *
settings_need(const struct settings *s, const char *name, const char **value)
{
	const char *v = settings_get(s, name);

	if (!*v)
		return err_hint(err_new(ERR_CONFIG, "profile '%s' has no %s", s->profile, name),
				"%s",
				strcmp(s->profile, "local")
					? "set it in bikeops.conf"
					: "run 'bikeops local up', or set it in bikeops.conf");
	*value = v;
	return NULL;
}

#define SPACE " \t\n\v\f\r"

/* Source: libpq's conninfo: 'quoted' or up to a space, a backslash keeps the next character. */
static const char *
dsn_value_end(const char *value)
{
	bool quoted = *value == '\'';
	const char *s = value + quoted;

	while (*s && (quoted ? *s != '\'' : !strchr(SPACE, *s)))
		s += *s == '\\' && s[1] ? 2 : 1;
	return *s && quoted ? s + 1 : s;
}

static void
redact_pairs(struct strbuf *out, const char *s)
{
	while (*s) {
		const char *value = s + strspn(s, SPACE);

		value += strcspn(value, "=" SPACE);
		value += strspn(value, "=" SPACE);
		const char *end = dsn_value_end(value);
		bool secret = memmem(s, (size_t)(value - s), "password", 8);

		strbuf_add(out, s, (size_t)((secret ? value : end) - s));
		strbuf_str(out, secret ? "***" : "");
		s = end;
	}
}

static void
redact_uri(struct strbuf *out, const char *s)
{
	const char *user = strstr(s, "://") + 3;
	const char *at = memrchr(user, '@', strcspn(user, "?")), *first = strpbrk(user, "@/");

	if (!at && first && *first == '@')
		at = first;
	const char *colon = at ? memchr(user, ':', (size_t)(at - user)) : NULL;

	if (colon) {
		strbuf_add(out, s, (size_t)(colon + 1 - s));
		strbuf_str(out, "***");
		s = at;
	}
	while (*s) { /* what stands before the parameters, then each with its ? or & */
		size_t n = 1 + strcspn(s + 1, "?&"), key = strcspn(s, "=");
		bool secret = strchr("?&", *s) && key < n && memmem(s, key, "password", 8);

		strbuf_add(out, s, secret ? key + 1 : n);
		strbuf_str(out, secret ? "***" : "");
		s += n;
	}
}

char *
settings_redact(void *mem, const char *dsn)
{
	struct strbuf sb;

	strbuf_init(&sb, mem, 1 << 16);
	if (!strncmp(dsn, "postgresql://", 13) || !strncmp(dsn, "postgres://", 11))
		redact_uri(&sb, dsn);
	else
		redact_pairs(&sb, dsn);
	return sb.s;
}

char *
settings_sample(void *mem)
{
	struct strbuf sb;

	strbuf_init(&sb, mem, 1 << 16);
	strbuf_str(&sb,
		   "# bikeops.conf: see bikeops.conf(5).  Without any file the profile is local.\n"
		   "[profile local]\n");
	for (const struct setting *row = setting_rows; row->name; row++)
		strbuf_printf(&sb, "\n# %s\n#%s = %s\n", row->help, row->name,
			      row->value ? row->value : "");
	return sb.s;
}
