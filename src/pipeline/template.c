#include "pipeline/template.h"

#include "base/mem.h"
#include "base/strbuf.h"

#include <assert.h>
#include <string.h>

#define NAME_CHARS   "abcdefghijklmnopqrstuvwxyz_0123456789"
#define TEMPLATE_MAX (1U << 20)

static struct template_name *
template_find(const struct template *t, const char *name, size_t len)
{
	for (size_t i = 0; i < t->n; i++) {
		if (strlen(t->names[i].name) == len && !strncmp(t->names[i].name, name, len))
			return &t->names[i];
	}
	return NULL;
}

void
template_set(void *mem, struct template *t, const char *name, const char *value)
{
	struct template_name *tn = template_find(t, name, strlen(name));

	if (!tn) {
		t->names = mem_grow(mem, t->names, struct template_name, t->n + 1);
		tn = &t->names[t->n++];
		*tn = (struct template_name){ .name = mem_strdup(mem, name) };
	}
	tn->values = mem_grow(mem, tn->values, const char *, tn->n + 1);
	tn->values[tn->n++] = mem_strdup(mem, value);
}

const char *
template_get(const struct template *t, const char *name)
{
	const struct template_name *tn = template_find(t, name, strlen(name));

	return tn ? tn->values[0] : NULL;
}

/* One line, "-- name = value value"; other lines say nothing. */
static struct err *
template_read_line(void *mem, char *line, struct template *out)
{
	char *rest = NULL;
	char *name = strncmp(line, "-- ", 3) ? NULL : strtok_r(line + 3, " ", &rest);
	char *equals = name ? strtok_r(NULL, " ", &rest) : NULL;

	if (!equals || strcmp(equals, "="))
		return NULL;
	for (char *value; (value = strtok_r(NULL, " ", &rest));) {
		if (value[strspn(value, NAME_CHARS)])
			return err_new(ERR_CONFIG, "'%s' is no identifier", value);
		template_set(mem, out, name, value);
	}
	return NULL;
}

struct err *
template_read(void *mem, const char *script, struct template *out)
{
	AUTO_MEM void *tmp = mem_root();
	char *rest = NULL;

	*out = (struct template){ 0 };
	for (char *line = strtok_r(mem_strdup(tmp, script), "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		TRY(template_read_line(mem, line, out));
	return NULL;
}

/* Length of the name between braces at s, 0 where there is none. */
static size_t
template_name_at(const char *s)
{
	size_t n = *s == '{' ? strspn(s + 1, NAME_CHARS) : 0;

	return n && s[1 + n] == '}' ? n : 0;
}

/* How often a line is written. */
static struct err *
template_times(const char *line, size_t len, const struct template *t, size_t *times)
{
	*times = 1;
	for (const char *s = line; s < line + len; s++) {
		size_t n = template_name_at(s);
		const struct template_name *tn = n ? template_find(t, s + 1, n) : NULL;

		if (n && !tn)
			return err_new(ERR_CONFIG, "nothing is given for '{%.*s}'", (int)n, s + 1);
		if (!tn || tn->n == 1)
			continue;
		if (*times != 1 && *times != tn->n)
			return err_new(ERR_CONFIG, "lists of different length in '%.*s'",
				       (int)strcspn(line, "\n"), line);
		*times = tn->n;
	}
	return NULL;
}

static void
template_write(struct strbuf *out, const char *line, size_t len, const struct template *t, size_t i)
{
	for (const char *s = line; s < line + len; s++) {
		size_t n = template_name_at(s);

		if (!n) {
			strbuf_char(out, *s);
			continue;
		}
		const struct template_name *tn = template_find(t, s + 1, n);

		assert(tn); /* template_times() found it */
		strbuf_str(out, tn->values[tn->n == 1 ? 0 : i]);
		s += n + 1;
	}
}

struct err *
template_fill(void *mem, const char *text, const struct template *t, char **out)
{
	struct strbuf sb;

	strbuf_init(&sb, mem, TEMPLATE_MAX);
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n"), times;

		len += line[len] == '\n';
		TRY(template_times(line, len, t, &times));
		for (size_t i = 0; i < times; i++)
			template_write(&sb, line, len, t, i);
		line += len;
	}
	*out = sb.s;
	return NULL;
}
