#include "base/digest.h"

#include "unit.h"

struct sum_row {
	const char *name;
	const char *text;
	const char *want;
};

/* Source: FIPS 180-4's examples. */
static const struct sum_row sum_rows[] = {
	{ "empty", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "one block", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

static void
sums(void **state)
{
	const struct sum_row *row = *state;
	struct digest *d = digest_new(NULL);
	char hex[DIGEST_HEX];

	digest_text(row->text, hex);
	assert_string_equal(hex, row->want);
	for (const char *s = row->text; *s; s++)
		digest_update(d, s, 1);
	digest_hex(d, hex);
	assert_string_equal(hex, row->want);
	mem_free(d);
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, sums, sum_rows);
	return unit_run(&u, "digest");
}
