#include "base/text.h"

#include "unit.h"

#include <locale.h>

struct text_row {
	const char *name;
	const char *input;
	const char *safe;
	size_t width;
	const char *json;
};

static const struct text_row text_rows[] = {
	{ "empty", "", "", 0, "\"\"" },
	{ "plain", "abc ~", "abc ~", 5, "\"abc ~\"" },
	{ "quotes", "a\"b\\c", "a\"b\\c", 5, "\"a\\\"b\\\\c\"" },
	{ "line end", "a\nb", "a^Jb", 4, "\"a\\nb\"" },
	{ "escape sequence", "\033[31m", "^[[31m", 6, "\"\\u001b[31m\"" },
	{ "delete", "\177", "^?", 2, "\"\177\"" },
	{ "two bytes", "\303\251", "\303\251", 1, "\"\303\251\"" },
	{ "wide", "\346\227\245", "\346\227\245", 2, "\"\346\227\245\"" },
	{ "combining", "e\314\201", "e\314\201", 1, "\"e\314\201\"" },
	{ "four bytes", "\360\237\232\262", "\360\237\232\262", 2, "\"\360\237\232\262\"" },
	{ "no character", "\357\277\277", "\357\277\277", 1, "\"\357\277\277\"" },
	{ "C1 control", "\302\233m", "\\x9bm", 5, "\"\302\233m\"" },
	{ "first C1 control", "\302\200", "\\x80", 4, "\"\302\200\"" },
	{ "first after C1", "\302\240", "\302\240", 1, "\"\302\240\"" },
	{ "right to left override", "a\342\200\256b", "a\\u202eb", 8, "\"a\342\200\256b\"" },
	{ "before the overrides", "\342\200\251", "\342\200\251", 1, "\"\342\200\251\"" },
	{ "isolate", "\342\201\251", "\\u2069", 6, "\"\342\201\251\"" },
	{ "after the isolates", "\342\201\252", "\342\201\252", 0, "\"\342\201\252\"" },
	{ "stray byte", "a\200b", "a\\x80b", 6, "\"a\\ufffdb\"" },
	{ "latin 1", "caf\351", "caf\\xe9", 7, "\"caf\\ufffd\"" },
	{ "cut in two", "\346\227", "\\xe6\\x97", 8, "\"\\ufffd\\ufffd\"" },
	{ "cut in four", "\360\237\232x", "\\xf0\\x9f\\x9ax", 13, "\"\\ufffd\\ufffd\\ufffdx\"" },
	{ "overlong two", "\300\257", "\\xc0\\xaf", 8, "\"\\ufffd\\ufffd\"" },
	{ "overlong three", "\340\200\257", "\\xe0\\x80\\xaf", 12, "\"\\ufffd\\ufffd\\ufffd\"" },
	{ "surrogate", "\355\240\200", "\\xed\\xa0\\x80", 12, "\"\\ufffd\\ufffd\\ufffd\"" },
	{ "past the last", "\364\220\200\200", "\\xf4\\x90\\x80\\x80", 16,
	  "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
	{ "never a first byte", "\377", "\\xff", 4, "\"\\ufffd\"" },
};

static void
texts(void **state)
{
	const struct text_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct strbuf sb;

	strbuf_init(&sb, tmp, 100);
	text_safe(&sb, row->input);
	assert_string_equal(sb.s, row->safe);
	assert_int_equal(text_width(row->input), row->width);
	strbuf_reset(&sb);
	strbuf_json(&sb, row->input);
	assert_string_equal(sb.s, row->json);
}

struct length_row {
	const char *name;
	const char *input;
	size_t want;
};

static const struct length_row length_rows[] = {
	{ "end", "", 0 },
	{ "one", "a", 1 },
	{ "two", "\302\200", 2 },
	{ "three", "\340\240\200", 3 },
	{ "four", "\360\220\200\200", 4 },
	{ "last", "\364\217\277\277", 4 },
	{ "before surrogates", "\355\237\277", 3 },
	{ "after surrogates", "\356\200\200", 3 },
	{ "bad", "\200", 0 },
};

static void
lengths(void **state)
{
	const struct length_row *row = *state;

	assert_int_equal(utf8_length(row->input), row->want);
}

int
main(void)
{
	struct unit u = { 0 };

	setlocale(LC_ALL, "C.UTF-8");
	UNIT_ROWS(&u, texts, text_rows);
	UNIT_ROWS(&u, lengths, length_rows);
	return unit_run(&u, "text");
}
