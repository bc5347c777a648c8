#include "remote/inflate.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "unit.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

struct text_sink {
	struct sink sink;
	struct strbuf text;
};

static struct err *
text_write(struct sink *self, const void *data, size_t n)
{
	strbuf_add(&((struct text_sink *)self)->text, data, n);
	return NULL;
}

static struct err *
deny(struct sink *self, const void *data, size_t n)
{
	(void)self, (void)data, (void)n;
	return err_new(ERR_DATA, "no room");
}

/* One member of gzip behind what out has. */
static void
member(struct strbuf *out, const char *text, size_t n)
{
	z_stream z = { 0 };
	unsigned char part[1 << 12];

	deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (z_const Bytef *)(uintptr_t)text;
	z.avail_in = (uInt)n;
	do {
		z.next_out = part;
		z.avail_out = sizeof(part);
		deflate(&z, Z_FINISH);
		strbuf_add(out, part, sizeof(part) - z.avail_out);
	} while (!z.avail_out);
	deflateEnd(&z);
}

struct inflate_row {
	const char *name;
	const char *members[3];
	size_t cut;  /* bytes left out at the end */
	size_t step; /* bytes a write */
	const char *want;
};

static const struct inflate_row inflate_rows[] = {
	{ .name = "one", .members = { "a\nb\n" }, .step = 100, .want = "a\nb\n" },
	{ .name = "byte by byte", .members = { "a\nb\n" }, .step = 1, .want = "a\nb\n" },
	{ .name = "three members", .members = { "a", "", "c" }, .step = 7, .want = "ac" },
	{ .name = "without its end", .members = { "a", "b" }, .cut = 8, .step = 9, .want = "ab" },
	{ .name = "nothing", .members = { "" }, .cut = 20, .step = 1, .want = "" },
};

static void
inflates(void **state)
{
	const struct inflate_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct text_sink text = { .sink.write = text_write };
	struct strbuf zip;

	strbuf_init(&zip, tmp, 1 << 20);
	strbuf_init(&text.text, tmp, 1 << 20);
	for (size_t i = 0; i < 3 && row->members[i]; i++)
		member(&zip, row->members[i], strlen(row->members[i]));
	struct inflate *in = inflate_new(tmp, &text.sink);
	struct sink *sink = inflate_in(in);
	for (size_t at = 0, n; at < zip.len - row->cut; at += n) {
		n = zip.len - row->cut - at;
		n = n < row->step ? n : row->step;
		assert_err(sink->write(sink, zip.s + at, n), NULL);
	}
	assert_string_equal(text.text.s, row->want);
}

/* More comes out of one write than fits one piece. */
static void
inflates_much(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct text_sink text = { .sink.write = text_write };
	size_t n = 5 << 20;
	char *zeros = mem_array(tmp, char, n);
	struct strbuf zip;

	(void)state;
	memset(zeros, 'x', n);
	strbuf_init(&zip, tmp, 1 << 20);
	strbuf_init(&text.text, tmp, 8 << 20);
	member(&zip, zeros, n);
	struct sink *sink = inflate_in(inflate_new(tmp, &text.sink));
	assert_err(sink->write(sink, zip.s, zip.len), NULL);
	assert_int_equal(text.text.len, n);
}

static void
refuses(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct text_sink text = { .sink.write = text_write };
	struct sink denied = { deny };
	struct strbuf zip;

	(void)state;
	strbuf_init(&text.text, tmp, 100);
	struct sink *sink = inflate_in(inflate_new(tmp, &text.sink));
	assert_err(sink->write(sink, "hello, gzip", 11), "it is no gzip: incorrect header check");
	strbuf_init(&zip, tmp, 100);
	member(&zip, "a", 1);
	sink = inflate_in(inflate_new(tmp, &denied));
	assert_err(sink->write(sink, zip.s, zip.len), "no room");
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, inflates, inflate_rows);
	UNIT(&u, inflates_much);
	UNIT(&u, refuses);
	return unit_run(&u, "inflate");
}
