#include "base/strbuf.h"

#include "unit.h"

struct add_row {
	const char *name;
	size_t max;
	const char *parts[4];
	const char *want;
	bool full;
};

static const struct add_row add_rows[] = {
	{ "nothing", 8, { NULL }, "", false },
	{ "one part", 8, { "abc" }, "abc", false },
	{ "fits exactly", 4, { "ab", "cd" }, "abcd", false },
	{ "one byte too many is cut", 4, { "ab", "cde" }, "abcd", true },
	{ "once full, always full", 4, { "abcde", "", "f" }, "abcd", true },
	{ "an empty part", 4, { "", "a", "" }, "a", false },
	{ "no room at all", 0, { "a" }, "", true },
};

static void
adds(void **state)
{
	const struct add_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct strbuf sb;

	strbuf_init(&sb, tmp, row->max);
	for (size_t i = 0; i < 4 && row->parts[i]; i++)
		strbuf_str(&sb, row->parts[i]);
	assert_string_equal(sb.s, row->want);
	assert_int_equal(sb.len, strlen(row->want));
	assert_int_equal(sb.full, row->full);
}

static void
grows(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf sb;

	(void)state;
	strbuf_init(&sb, tmp, 1000);
	for (int i = 0; i < 500; i++)
		strbuf_char(&sb, (char)('a' + i % 26));
	assert_int_equal(sb.len, 500);
	assert_false(sb.full);
	for (size_t i = 0; i < 500; i++)
		assert_int_equal(sb.s[i], 'a' + i % 26);
	assert_int_equal(sb.s[500], '\0');
}

/* A buffer that may be larger than one piece of memory is full, and ends nobody. */
static void
holds_what_memory_gives(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	size_t part = (size_t)16 << 20;
	char *data = mem_array(tmp, char, part);
	struct strbuf sb;

	(void)state;
	memset(data, 'x', part);
	strbuf_init(&sb, tmp, (size_t)1 << 30);
	for (int i = 0; i < 15; i++)
		strbuf_add(&sb, data, part);
	assert_int_equal(sb.len, 15 * part);
	assert_false(sb.full);
	strbuf_add(&sb, data, part);
	strbuf_add(&sb, data, part);
	assert_true(sb.full);
	assert_int_equal(strlen(sb.s), sb.len);
}

static void
keeps_nul_bytes(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf sb;

	(void)state;
	strbuf_init(&sb, tmp, 10);
	strbuf_add(&sb, "a\0b", 3);
	assert_int_equal(sb.len, 3);
	assert_memory_equal(sb.s, "a\0b", 4);
}

static void
prints_and_resets(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf sb;

	(void)state;
	strbuf_init(&sb, tmp, 6);
	strbuf_printf(&sb, "%d-%s", 12, "abcdef");
	assert_string_equal(sb.s, "12-abc");
	assert_true(sb.full);
	strbuf_reset(&sb);
	assert_string_equal(sb.s, "");
	assert_false(sb.full);
	strbuf_str(&sb, "again");
	assert_string_equal(sb.s, "again");
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, adds, add_rows);
	UNIT(&u, grows);
	UNIT(&u, holds_what_memory_gives);
	UNIT(&u, keeps_nul_bytes);
	UNIT(&u, prints_and_resets);
	return unit_run(&u, "strbuf");
}
