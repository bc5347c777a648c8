#include "cmd/people.h"

#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

char *
people_ago(void *mem, const char *iso)
{
	struct tm tm = { 0 };

	if (!strptime(iso, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return mem_strdup(mem, iso);
	long long age = time_now_us() / 1000000 - timegm(&tm);
	return mem_printf(mem, "%s ago", time_age(mem, age > 0 ? age : 0));
}

static char *
people_ms(void *mem, const char *text)
{
	return time_duration(mem, strtoll(text, NULL, 10));
}

static char *
people_size(void *mem, double bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t i = 0;

	for (; bytes >= 1024 && i < 4; i++)
		bytes /= 1024;
	return mem_printf(mem, "%.*f %s", i && bytes < 10 ? 1 : 0, bytes, units[i]);
}

static char *
people_bytes(void *mem, const char *text)
{
	return people_size(mem, (double)strtoll(text, NULL, 10));
}

static char *
people_kib(void *mem, const char *text)
{
	return people_size(mem, 1024.0 * (double)strtoll(text, NULL, 10));
}

static const struct unit {
	const char *end;
	char *(*show)(void *mem, const char *text);
} units[] = {
	{ "_at", people_ago },
	{ "_ms", people_ms },
	{ "_bytes", people_bytes },
	{ "_kib", people_kib },
};

/* The unit of a column's name, or NULL; *len is what of the name is shown. */
static const struct unit *
unit_of(const char *name, size_t *len)
{
	*len = strlen(name);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t end = strlen(units[i].end);

		if (*len > end && !strcmp(name + *len - end, units[i].end)) {
			*len -= end;
			return &units[i];
		}
	}
	return NULL;
}

static const char *
people_cell(void *mem, const struct rows *r, size_t row, const char *name)
{
	size_t len;
	const struct unit *unit = unit_of(name, &len);
	const char *cell = rows_get(r, row, name);

	return unit && cell ? unit->show(mem, cell) : cell;
}

static enum rows_type
column_type(const struct rows *r, const char *name)
{
	size_t i = 0, len;

	while (i + 1 < r->n_cols && strcmp(r->names[i], name))
		i++;
	return unit_of(name, &len) ? ROWS_TEXT : r->types[i];
}

/* The names in columns, as an array that NULL ends. */
static char **
column_names(void *mem, const char *columns)
{
	char **names = mem_array(mem, char *, strlen(columns) / 2 + 2);
	size_t n = 0;

	for (; *columns; columns += strspn(columns, " ")) {
		size_t len = strcspn(columns, " ");

		names[n++] = mem_strndup(mem, columns, len);
		columns += len;
	}
	return names;
}

struct rows *
people_rows(struct cmd *c, const struct rows *r, const char *columns)
{
	char **names = column_names(c->mem, columns);
	size_t n = 0, len;

	while (names[n])
		n++;
	struct rows *out = rows_new(c->mem, n);
	const char **cells = mem_array(out, const char *, n);
	for (size_t i = 0; i < n; i++) {
		unit_of(names[i], &len);
		rows_column(out, i, mem_strndup(out, names[i], len), column_type(r, names[i]));
	}
	for (size_t row = 0; row < r->n; row++) {
		for (size_t i = 0; i < n; i++)
			cells[i] = people_cell(out, r, row, names[i]);
		rows_add(out, cells);
	}
	return out;
}

void
people_add(void *mem, struct rows **list, const char *name, const char *value)
{
	if (*list) {
		rows_add(*list, (const char *const[]){ name, value });
		return;
	}
	*list = rows_new(mem, 2);
	rows_column(*list, 0, name, ROWS_TEXT);
	rows_column(*list, 1, value, ROWS_TEXT);
}

struct rows *
people_list(struct cmd *c, const struct rows *r, const char *columns)
{
	struct rows *list = NULL;

	for (char **name = column_names(c->mem, columns); *name; name++) {
		const char *cell = people_cell(c->mem, r, 0, *name);
		size_t len;

		unit_of(*name, &len);
		if (cell)
			people_add(c->mem, &list, mem_strndup(c->mem, *name, len), cell);
	}
	return list;
}
