#include "base/rows.h"

#include "base/mem.h"
#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct rows *
rows_new(void *mem, size_t n_cols)
{
	struct rows *r = mem_new(mem, struct rows);

	r->n_cols = n_cols;
	r->names = mem_array(r, const char *, n_cols);
	r->types = mem_array(r, enum rows_type, n_cols);
	r->cells = mem_array(r, const char *, 0);
	return r;
}

void
rows_column(struct rows *r, size_t col, const char *name, enum rows_type type)
{
	r->names[col] = mem_strdup(r, name);
	r->types[col] = type;
}

void
rows_add(struct rows *r, const char *const *cells)
{
	size_t size = talloc_array_length(r->cells);

	if ((r->n + 1) * r->n_cols > size)
		r->cells = mem_grow(r, r->cells, const char *, 2 * size + 8 * r->n_cols);
	for (size_t i = 0; i < r->n_cols; i++)
		r->cells[r->n * r->n_cols + i] = cells[i] ? mem_strdup(r, cells[i]) : NULL;
	r->n++;
}

const char *
rows_cell(const struct rows *r, size_t row, size_t col)
{
	assert(row < r->n && col < r->n_cols);
	return r->cells[row * r->n_cols + col];
}

static size_t
rows_find(const struct rows *r, const char *name)
{
	size_t col = 0;

	while (col < r->n_cols && strcmp(r->names[col], name))
		col++;
	return col;
}

const char *
rows_get(const struct rows *r, size_t row, const char *name)
{
	return rows_cell(r, row, rows_find(r, name));
}

void
rows_set(struct rows *r, size_t row, const char *name, const char *value)
{
	size_t col = rows_find(r, name);

	assert(row < r->n && col < r->n_cols);
	r->cells[row * r->n_cols + col] = value ? mem_strdup(r, value) : NULL;
}

long long
rows_int(const struct rows *r, size_t row, const char *name)
{
	const char *s = rows_get(r, row, name);

	return s ? strtoll(s, NULL, 10) : 0;
}

bool
rows_bool(const struct rows *r, size_t row, const char *name)
{
	const char *s = rows_get(r, row, name);

	return s && *s == 't';
}

static bool
rows_right(const struct rows *r, size_t col)
{
	return r->types[col] == ROWS_INT || r->types[col] == ROWS_NUMBER;
}

static void
rows_pad(struct strbuf *out, size_t n)
{
	while (n--)
		strbuf_char(out, ' ');
}

/* One cell of a text table; the last column is not padded. */
static void
rows_table_cell(const struct rows *r, const char *text, size_t col, size_t width,
		struct strbuf *out)
{
	size_t cells = text_width(text);
	size_t pad = width > cells ? width - cells : 0;

	if (col)
		rows_pad(out, 2);
	if (rows_right(r, col))
		rows_pad(out, pad);
	text_safe(out, text);
	if (!rows_right(r, col) && col + 1 < r->n_cols)
		rows_pad(out, pad);
}

void
rows_table(const struct rows *r, struct strbuf *out)
{
	AUTO_MEM void *tmp = mem_root();
	size_t *width = mem_array(tmp, size_t, r->n_cols);

	for (size_t c = 0; c < r->n_cols; c++) {
		width[c] = text_width(r->names[c]);
		for (size_t i = 0; i < r->n; i++) {
			const char *cell = rows_cell(r, i, c);
			size_t w = cell ? text_width(cell) : 0;

			width[c] = w > width[c] ? w : width[c];
		}
	}
	for (size_t c = 0; c < r->n_cols; c++)
		rows_table_cell(r, r->names[c], c, width[c], out);
	strbuf_char(out, '\n');
	for (size_t i = 0; i < r->n; i++) {
		for (size_t c = 0; c < r->n_cols; c++) {
			const char *cell = rows_cell(r, i, c);

			rows_table_cell(r, cell ? cell : "", c, width[c], out);
		}
		strbuf_char(out, '\n');
	}
}

static void
rows_csv_cell(const char *cell, struct strbuf *out)
{
	if (!cell)
		return;
	if (*cell && !strpbrk(cell, ",\"\r\n")) {
		strbuf_str(out, cell);
		return;
	}
	strbuf_char(out, '"');
	for (; *cell; cell++) {
		if (*cell == '"')
			strbuf_char(out, '"');
		strbuf_char(out, *cell);
	}
	strbuf_char(out, '"');
}

void
rows_csv(const struct rows *r, struct strbuf *out)
{
	for (size_t i = 0; i < r->n_cols * (r->n + 1); i++) {
		rows_csv_cell(i < r->n_cols ? r->names[i] : r->cells[i - r->n_cols], out);
		strbuf_char(out, (i + 1) % r->n_cols ? ',' : '\n');
	}
}

static void
rows_json_cell(const char *cell, enum rows_type type, struct strbuf *out)
{
	/* JSON has no word for NaN and Infinity. */
	if (!cell || (type == ROWS_NUMBER && !strpbrk(cell, "0123456789")))
		strbuf_str(out, "null");
	else if (type == ROWS_TEXT)
		strbuf_json(out, cell);
	else if (type == ROWS_BOOL)
		strbuf_str(out, *cell == 't' ? "true" : "false");
	else
		strbuf_str(out, cell);
}

void
rows_json(const struct rows *r, struct strbuf *out)
{
	strbuf_char(out, '[');
	for (size_t i = 0; i < r->n; i++) {
		for (size_t c = 0; c < r->n_cols; c++) {
			strbuf_str(out, c ? "," : i ? ",\n{" : "\n{");
			strbuf_json(out, r->names[c]);
			strbuf_char(out, ':');
			rows_json_cell(rows_cell(r, i, c), r->types[c], out);
		}
		strbuf_char(out, '}');
	}
	strbuf_str(out, r->n ? "\n]" : "]");
}
