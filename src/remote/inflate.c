#include "remote/inflate.h"

#include "base/mem.h"

#include <stdint.h>
#include <zlib.h>

#define OUT_BYTES   (1U << 16)
#define GZIP_WINDOW (MAX_WBITS + 16)

struct inflate {
	struct sink sink; /* first */
	struct sink *to;
	z_stream z;
	bool within; /* of a member */
};

static int
inflate_destroy(struct inflate *i)
{
	inflateEnd(&i->z);
	return 0;
}

static struct err *
inflate_some(struct inflate *i)
{
	unsigned char out[OUT_BYTES];

	i->z.next_out = out;
	i->z.avail_out = sizeof(out);
	int status = inflate(&i->z, Z_NO_FLUSH);
	if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
		return err_new(ERR_DATA, "it is no gzip: %s", i->z.msg ? i->z.msg : "bad data");
	i->within = status != Z_STREAM_END;
	if (!i->within)
		inflateReset(&i->z);
	size_t n = sizeof(out) - i->z.avail_out;
	return n ? i->to->write(i->to, out, n) : NULL;
}

static struct err *
inflate_write(struct sink *self, const void *data, size_t n)
{
	struct inflate *i = (struct inflate *)self;
	const unsigned char *at = data;

	while (n) {
		uInt part = n < OUT_BYTES ? (uInt)n : OUT_BYTES;

		i->z.next_in = (z_const Bytef *)(uintptr_t)at;
		i->z.avail_in = part;
		do
			TRY(inflate_some(i));
		while (i->z.avail_in || (i->within && !i->z.avail_out));
		at += part;
		n -= part;
	}
	return NULL;
}

struct inflate *
inflate_new(void *mem, struct sink *to)
{
	struct inflate *i = mem_new(mem, struct inflate);

	i->sink.write = inflate_write;
	i->to = to;
	inflateInit2(&i->z, GZIP_WINDOW);
	mem_on_free(i, inflate_destroy);
	return i;
}

struct sink *
inflate_in(struct inflate *i)
{
	return &i->sink;
}
