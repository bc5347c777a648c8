#include "base/sql.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/strbuf.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SQL_FILE_MAX (1U << 20)

static struct sql_file *texts; /* what sql_use_dir() read, or NULL */

/* What root runs, nobody else may have written. */
static struct err *
sql_check_owner(const struct stat *st, const char *what)
{
	if (geteuid() == 0 && (st->st_uid != 0 || st->st_mode & S_IWOTH))
		return err_hint(err_new(ERR_REFUSED, "%s is not root's own", what),
				"root runs only SQL that root alone can change");
	return NULL;
}

static struct err *
sql_read_open(void *mem, FILE *f, const char *what, const char **text)
{
	struct strbuf sb;
	struct stat st;
	char part[8192];
	size_t n;

	if (fstat(fileno(f), &st))
		return err_sys(ERR_CONFIG, "cannot read %s", what);
	TRY(sql_check_owner(&st, what));
	strbuf_init(&sb, mem, SQL_FILE_MAX);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		strbuf_add(&sb, part, n);
	*text = sb.s;
	return ferror(f) ? err_sys(ERR_CONFIG, "cannot read %s", what)
	       : sb.full ? err_new(ERR_CONFIG, "%s is longer than 1 MiB", what)
			 : NULL;
}

static struct err *
sql_read(void *mem, const char *dir, const char *name, const char **text)
{
	AUTO_MEM void *tmp = mem_root();
	char *path = mem_printf(tmp, "%s/%s.sql", dir, name);
	char *what = mem_printf(tmp, "'%s' of sql_dir", path);
	FILE *f = fopen(path, "re");

	if (!f)
		return err_sys(ERR_CONFIG, "cannot read %s", what);
	struct err *e = sql_read_open(mem, f, what, text);
	fclose(f);
	return e;
}

static struct err *
sql_check_dir(const char *dir)
{
	AUTO_MEM void *tmp = mem_root();
	struct stat st;

	if (stat(dir, &st))
		return err_sys(ERR_CONFIG, "cannot read sql_dir '%s'", dir);
	return sql_check_owner(&st, mem_printf(tmp, "sql_dir '%s'", dir));
}

struct err *
sql_use_dir(const char *dir)
{
	size_t n = 0;

	if (!dir) {
		mem_free(texts);
		texts = NULL;
		return NULL;
	}
	TRY(sql_check_dir(dir));
	while (sql_files[n].name)
		n++;
	struct sql_file *list = mem_array(NULL, struct sql_file, n + 1);
	for (size_t i = 0; i < n; i++) {
		list[i].name = sql_files[i].name;
		struct err *e = sql_read(list, dir, list[i].name, &list[i].text);
		if (e) {
			mem_free(list);
			return e;
		}
	}
	mem_free(texts);
	texts = list;
	return NULL;
}

static const struct sql_file *
sql_all(void)
{
	return texts ? texts : sql_files;
}

const char *
sql_find(const char *name)
{
	for (const struct sql_file *f = sql_all(); f->name; f++) {
		if (!strcmp(f->name, name))
			return f->text;
	}
	return NULL;
}

const char *
sql_text(const char *name)
{
	const char *text = sql_find(name);

	assert(text);
	return text;
}

void
sql_list(void *mem, const char *folder, const char ***names, size_t *n)
{
	size_t skip = strlen(folder);

	*n = 0;
	*names = mem_array(mem, const char *, 1);
	for (const struct sql_file *f = sql_all(); f->name; f++) {
		if (strncmp(f->name, folder, skip) || f->name[skip] != '/' ||
		    strchr(f->name + skip + 1, '/'))
			continue;
		*names = mem_grow(mem, *names, const char *, *n + 1);
		(*names)[(*n)++] = f->name + skip + 1;
	}
}

const char *
sql_hash(void *mem)
{
	char *hex = mem_array(mem, char, DIGEST_HEX);
	struct digest *d = digest_new(mem);

	for (const struct sql_file *f = sql_all(); f->name; f++) {
		digest_update(d, f->name, strlen(f->name) + 1);
		digest_update(d, f->text, strlen(f->text) + 1);
	}
	digest_hex(d, hex);
	mem_free(d);
	return hex;
}

void
sql_split(void *mem, const char *script, const char ***statements, size_t *n)
{
	const char *start = script, *line = script;

	*n = 0;
	*statements = mem_array(mem, const char *, 1);
	while (*line) {
		const char *end = strchrnul(line, '\n');
		bool parts = end - line == 1 && *line == ';';
		const char *stop = parts ? line : end;

		if (parts || !*end) {
			*statements = mem_grow(mem, *statements, const char *, *n + 1);
			(*statements)[*n] = mem_strndup(mem, start, (size_t)(stop - start));
			*n += (*statements)[*n][strspn((*statements)[*n], " \t\n")] != '\0';
			start = *end ? end + 1 : end;
		}
		line = *end ? end + 1 : end;
	}
	if (*start) {
		*statements = mem_grow(mem, *statements, const char *, *n + 1);
		(*statements)[*n] = mem_strdup(mem, start);
		*n += start[strspn(start, " \t\n")] != '\0';
	}
}
