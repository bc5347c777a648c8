#include "source/csv.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "base/text.h"

#include <stdio.h>

#define CSV_RECORD_MAX (1U << 20) /* bytes; one of ours is below 4 KiB */

struct csv {
	FILE *f;
	const char *name;
	long long line; /* of the next byte */
	long long bytes;
	struct csv_record header;
	struct csv_record record;
	struct strbuf text; /* of the record's values, each with a NUL behind */
};

static int
csv_destroy(struct csv *c)
{
	fclose(c->f);
	return 0;
}

struct err *
csv_fault(const char *name, long long line, const char *column, const char *reason)
{
	if (!column)
		return err_new(ERR_DATA, "'%s', line %lld: %s", name, line, reason);
	return err_new(ERR_DATA, "'%s', line %lld, column '%s': %s", name, line, column, reason);
}

/* The name of the value that is being read, where the header has one. */
static const char *
csv_column(const struct csv *c)
{
	return c->record.n < c->header.n ? c->header.values[c->record.n].text : NULL;
}

static int
csv_get(struct csv *c)
{
	int ch = getc_unlocked(c->f);

	c->bytes += ch != EOF;
	c->line += ch == '\n';
	return ch;
}

static void
csv_unget(struct csv *c, int ch)
{
	if (ch == EOF)
		return;
	ungetc(ch, c->f);
	c->bytes--;
	c->line -= ch == '\n';
}

/* CR LF is one line end. */
static int
csv_get_end(struct csv *c)
{
	int ch = csv_get(c);

	if (ch == '\r') {
		int next = csv_get(c);

		if (next == '\n')
			return next;
		csv_unget(c, next);
	}
	return ch;
}

static struct err *
csv_read_quoted(struct csv *c, int *end)
{
	long long line = c->line;

	for (;;) {
		int ch = csv_get(c);

		if (ch == EOF)
			return csv_fault(c->name, line, csv_column(c), "the quote is never closed");
		if (ch == '"') {
			ch = csv_get_end(c);
			if (ch != '"') {
				*end = ch;
				break;
			}
		}
		strbuf_char(&c->text, (char)ch);
	}
	if (*end != ',' && *end != '\n' && *end != EOF)
		return csv_fault(c->name, c->line, csv_column(c), "text behind the closing quote");
	return NULL;
}

static struct err *
csv_read_plain(struct csv *c, int ch, int *end)
{
	for (; ch != ',' && ch != '\n' && ch != EOF; ch = csv_get_end(c)) {
		if (ch == '"')
			return csv_fault(c->name, c->line, csv_column(c),
					 "a quote inside a value without quotes");
		strbuf_char(&c->text, (char)ch);
	}
	*end = ch;
	return NULL;
}

/* One value: its offset goes where its text will be, which may move until the record ends. */
static struct err *
csv_read_value(struct csv *c, int *end)
{
	struct csv_record *r = &c->record;
	size_t start = c->text.len;
	int ch = csv_get_end(c);
	bool quoted = ch == '"';

	TRY(quoted ? csv_read_quoted(c, end) : csv_read_plain(c, ch, end));
	size_t len = c->text.len - start;
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_length(c->text.s + start + i);
		if (!n)
			return csv_fault(c->name, r->line, csv_column(c),
					 "a byte that is not UTF-8");
	}
	strbuf_char(&c->text, '\0');
	if (c->text.full)
		return csv_fault(c->name, r->line, csv_column(c), "the record is over 1 MiB");
	if (!c->header.n)
		r->values = mem_grow(c, r->values, struct csv_value, r->n + 1);
	r->values[r->n++] = (struct csv_value){ .len = len, .quoted = quoted };
	return NULL;
}

static struct err *
csv_read_record(struct csv *c)
{
	struct csv_record *r = &c->record;
	const char *text;
	int end = ',';

	strbuf_reset(&c->text);
	*r = (struct csv_record){ .line = c->line, .values = r->values };
	while (end == ',') {
		if (c->header.n && r->n == c->header.n)
			return csv_fault(c->name, r->line, NULL, "more values than the header has");
		TRY(csv_read_value(c, &end));
	}
	if (r->n < c->header.n)
		return csv_fault(c->name, r->line, csv_column(c), "the value is missing");
	text = c->text.s;
	for (size_t i = 0; i < r->n; i++) {
		r->values[i].text = text;
		text += r->values[i].len + 1;
	}
	return NULL;
}

static bool
csv_at_end(struct csv *c)
{
	int ch = csv_get(c);

	csv_unget(c, ch);
	return ch == EOF;
}

static struct err *
csv_unread(const struct csv *c)
{
	return err_sys(ERR_DATA, "cannot read '%s'", c->name);
}

static struct err *
csv_read_header(struct csv *c)
{
	static const char bom[] = "\xef\xbb\xbf";
	char start[3];

	if (fread(start, 1, 3, c->f) < 3 || start[0] != bom[0] || start[1] != bom[1] ||
	    start[2] != bom[2])
		rewind(c->f);
	if (csv_at_end(c))
		return ferror(c->f) ? csv_unread(c)
				    : csv_fault(c->name, 1, NULL, "the file is empty");
	TRY(csv_read_record(c));
	c->header = c->record;
	c->header.values = mem_memdup(c, c->record.values, c->record.n * sizeof(struct csv_value));
	for (size_t i = 0; i < c->header.n; i++)
		c->header.values[i].text = mem_strdup(c, c->record.values[i].text);
	return NULL;
}

struct err *
csv_open(void *mem, const char *path, const char *name, struct csv **out)
{
	AUTO_MEM void *tmp = mem_root();
	FILE *f = fopen(path, "re");

	if (!f)
		return err_sys(ERR_NOTFOUND, "cannot open '%s'", path);
	struct csv *c = mem_new(tmp, struct csv);
	c->f = f;
	mem_on_free(c, csv_destroy);
	c->name = mem_strdup(c, name);
	c->line = 1;
	strbuf_init(&c->text, c, CSV_RECORD_MAX);
	TRY(csv_read_header(c));
	mem_move(mem, c);
	*out = c;
	return NULL;
}

const struct csv_record *
csv_header(const struct csv *c)
{
	return &c->header;
}

struct err *
csv_next(struct csv *c, const struct csv_record **out)
{
	bool end = csv_at_end(c);

	if (!end)
		TRY(csv_read_record(c));
	else if (ferror(c->f))
		return csv_unread(c);
	*out = end ? NULL : &c->record;
	return NULL;
}

long long
csv_bytes(const struct csv *c)
{
	return c->bytes;
}
