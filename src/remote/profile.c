#include "remote/profile.h"

#include "base/mem.h"
#include "base/strbuf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1 << 20)

struct item {
	const char *section; /* "profile ops", "sso-session x" */
	const char *parent;  /* of a nested key, else "" */
	const char *key, *value;
	const char *file;
};

struct profiles {
	struct item *items; /* [n] in the order of looking: credentials, then config */
	size_t n;
};

/* The place that is being read. */
struct reader {
	struct profiles *p;
	const char *file;
	bool config;
	int line;
	const char *section, *parent; /* parent: the last key, where it has no value */
	size_t indent;		      /* of the last key's line */
	bool has_key;
};

static char *
trim(char *s)
{
	s += strspn(s, " \t\r");
	for (size_t n = strlen(s); n && isspace((unsigned char)s[n - 1]); n--)
		s[n - 1] = '\0';
	return s;
}

static struct err *
bad_line(const struct reader *r, const char *want)
{
	/* Never the text: it may be a secret. */
	return err_new(ERR_CONFIG, "'%s' line %d is not %s", r->file, r->line, want);
}

static void
add(struct reader *r, const char *parent, const char *key, const char *value)
{
	struct profiles *p = r->p;

	p->items = mem_grow(p, p->items, struct item, p->n + 1);
	p->items[p->n++] = (struct item){ r->section, parent, mem_strdup(p, key),
					  mem_strdup(p, value), r->file };
}

/* "[profile ops]" of config and "[ops]" of credentials are one; config's "[ops]" is nothing. */
static struct err *
begin_section(struct reader *r, char *line)
{
	char *end = strchr(line, ']');

	if (!end)
		return bad_line(r, "[SECTION]");
	*end = '\0';
	char *name = trim(line + 1);
	size_t word = strcspn(name, " \t");
	if (!r->config || !strcmp(name, "default"))
		r->section = mem_printf(r->p, "profile %s", name);
	else
		r->section = mem_printf(r->p, "%.*s %s", (int)word, name, trim(name + word));
	r->has_key = false;
	add(r, "", "", "");
	return NULL;
}

static struct err *
read_line(struct reader *r, char *line)
{
	size_t indent = strspn(line, " \t");
	bool nested = r->has_key && indent > r->indent;
	char *text = trim(line), *equals = strchr(text, '=');

	if (!*text || *text == '#' || *text == ';')
		return NULL;
	if (*text == '[' && !nested)
		return begin_section(r, text);
	if (nested && (!r->parent || !equals)) /* goes on with a value: none that is asked for */
		return NULL;
	if (!equals || !r->section)
		return bad_line(r, "KEY = VALUE in a section");
	*equals = '\0';
	char *key = trim(text), *value = trim(equals + 1);
	add(r, nested ? r->parent : "", key, value);
	if (nested)
		return NULL;
	r->has_key = true;
	r->indent = indent;
	r->parent = *value ? NULL : mem_strdup(r->p, key);
	return NULL;
}

static struct err *
parse(struct profiles *p, const char *file, bool config, const char *text)
{
	AUTO_MEM void *tmp = mem_root();
	struct reader r = { .p = p, .file = mem_strdup(p, file), .config = config };
	char *copy = mem_strdup(tmp, text), *rest = copy;
	struct err *e = NULL;

	for (char *line; !e && (line = strsep(&rest, "\n"));) {
		r.line++;
		e = read_line(&r, line);
	}
	explicit_bzero(copy, strlen(text));
	return e;
}

struct err *
profiles_parse(void *mem, const char *config, const char *credentials, struct profiles **out)
{
	struct profiles *p = mem_new(mem, struct profiles);

	if (credentials)
		TRY(parse(p, "credentials", false, credentials));
	if (config)
		TRY(parse(p, "config", true, config));
	*out = p;
	return NULL;
}

const char *
aws_variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static const char *
path_of(void *mem, const char *variable, const char *name)
{
	const char *path = aws_variable(variable), *home = getenv("HOME");

	if (path && strncmp(path, "~/", 2))
		return path;
	if (path)
		return mem_printf(mem, "%s/%s", home ? home : "", path + 2);
	return mem_printf(mem, "%s/.aws/%s", home ? home : "", name);
}

static struct err *
read_file(struct profiles *p, const char *path, bool config)
{
	AUTO_MEM char *text = mem_array(NULL, char, FILE_MAX + 1);
	FILE *f = fopen(path, "re");

	if (!f && (errno == ENOENT || errno == ENOTDIR))
		return NULL;
	if (!f)
		return err_sys(ERR_CONFIG, "cannot read '%s'", path);
	size_t n = fread(text, 1, FILE_MAX + 1, f);
	bool failed = ferror(f);
	fclose(f);
	if (failed)
		return err_new(ERR_CONFIG, "cannot read '%s'", path);
	if (n > FILE_MAX)
		return err_new(ERR_CONFIG, "'%s' is larger than %d bytes", path, FILE_MAX);
	text[n] = '\0';
	struct err *e = parse(p, path, config, text);
	explicit_bzero(text, n);
	return e;
}

struct err *
profiles_read(void *mem, struct profiles **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct profiles *p = mem_new(mem, struct profiles);

	TRY(read_file(p, path_of(tmp, "AWS_SHARED_CREDENTIALS_FILE", "credentials"), false));
	TRY(read_file(p, path_of(tmp, "AWS_CONFIG_FILE", "config"), true));
	*out = p;
	return NULL;
}

/* The last one of the first file that has it. */
static const struct item *
find(const struct profiles *p, const char *kind, const char *name, const char *parent,
     const char *key)
{
	AUTO_MEM char *section = mem_printf(NULL, "%s %s", kind, name);
	const struct item *found = NULL;

	for (size_t i = 0; i < p->n; i++) {
		const struct item *it = &p->items[i];

		if (strcmp(it->section, section) || strcmp(it->parent, parent) ||
		    strcmp(it->key, key))
			continue;
		if (!found || found->file == it->file)
			found = it;
	}
	return found;
}

bool
profiles_has(const struct profiles *p, const char *profile)
{
	return find(p, "profile", profile, "", "");
}

const char *
profiles_get(const struct profiles *p, const char *profile, const char *key)
{
	return profiles_section(p, "profile", profile, NULL, key);
}

const char *
profiles_file(const struct profiles *p, const char *profile, const char *key)
{
	const struct item *it = find(p, "profile", profile, "", key);

	return it ? it->file : NULL;
}

const char *
profiles_section(const struct profiles *p, const char *kind, const char *name, const char *parent,
		 const char *key)
{
	const struct item *it = find(p, kind, name, parent ? parent : "", key);

	return it && *it->value ? it->value : NULL;
}
