#include "remote/xml.h"

#include "unit.h"

struct read_row {
	const char *name;
	const char *text;
	const char *want; /* path=text, in order */
	const char *error;
};

static const struct read_row read_rows[] = {
	{ "elements in order, with their own text", "<R><a>1</a><b><c>2</c><c> 3 </c></b><d/></R>",
	  "a=1 b/c=2 b/c= 3  b= d= ", NULL },
	{ "entities and bytes of UTF-8", "<R><k>a&amp;&#13;&lt;\xc3\xa9</k></R>",
	  "k=a&\r<\xc3\xa9 ", NULL },
	{ "a name space", "<?xml version=\"1.0\"?><R xmlns=\"http://x/\"><a>1</a></R>", "a=1 ",
	  NULL },
	{ "nothing in it", "<R/>", "", NULL },
	{ "cut off", "<R><a>1</a>", NULL, "the answer is no <R>: no element found" },
	{ "empty", "", NULL, "the answer is no <R>: no element found" },
	{ "another document", "<S><a/></S>", NULL, "the answer is no <R>: another document" },
	{ "an error in its place", "<Error><Code>SlowDown</Code><Message>less</Message></Error>",
	  NULL, "SlowDown: less" },
	{ "an error without words", "<Error/>", NULL, "Error: no message" },
	{ "entities of its own", "<!DOCTYPE R [<!ENTITY a \"aaaaaaaa\">]><R><b>&a;&a;&a;</b></R>",
	  NULL, "the answer is no <R>: a document type" },
	{ "as deep as may be", "<R><a><a><a><a><a><a><a><a>x</a></a></a></a></a></a></a></a></R>",
	  "a/a/a/a/a/a/a/a=x a/a/a/a/a/a/a= a/a/a/a/a/a= a/a/a/a/a= a/a/a/a= a/a/a= a/a= a= ",
	  NULL },
	{ "deeper", "<R><a><a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a></a></R>", NULL,
	  "the answer is no <R>: too deep" },
};

static void
note(void *arg, const char *path, const char *text)
{
	strbuf_printf(arg, "%s=%s ", path, text);
}

static void
reads(void **state)
{
	const struct read_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct strbuf got;

	strbuf_init(&got, tmp, 999);
	assert_err(xml_read(row->text, strlen(row->text), "R", note, &got), row->error);
	if (row->want)
		assert_string_equal(got.s, row->want);
}

static void
keeps_the_code(void **state)
{
	static const char text[] = "<Error><Code>NoSuchKey</Code></Error>";
	struct err *e = xml_read(text, strlen(text), "R", note, NULL);

	(void)state;
	assert_string_equal(err_remote_of(e), "NoSuchKey");
	assert_int_equal(e->code, ERR_REMOTE);
	err_free(e);
}

struct escape_row {
	const char *name;
	const char *text;
	const char *want; /* NULL: there is no way */
};

static const struct escape_row escape_rows[] = {
	{ "plain", "a/b c+\xc3\xa9", "a/b c+\xc3\xa9" },
	{ "marks", "<a href=\"x\">&'", "&lt;a href=&quot;x&quot;&gt;&amp;'" },
	{ "white space that reading would change", "a\r\n\tb", "a&#13;&#10;&#9;b" },
	{ "a control", "a\x01", NULL },
	{ "U+FFFE", "a\xef\xbf\xbe", NULL },
	{ "U+FFFD", "a\xef\xbf\xbd", "a\xef\xbf\xbd" },
};

static void
escapes(void **state)
{
	const struct escape_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct strbuf got;

	strbuf_init(&got, tmp, 999);
	assert_int_equal(xml_escape(&got, row->text), row->want != NULL);
	if (row->want)
		assert_string_equal(got.s, row->want);
}

/* Whatever is cut or changed, it is read or refused. */
static void
bears_anything(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	static const char text[] = "<R><a>1&amp;</a><b><c>\xc3\xa9</c></b></R>";
	char *copy = mem_strdup(tmp, text);
	struct strbuf got;

	(void)state;
	for (size_t i = 0; i < strlen(text); i++) {
		for (int c = 1; c < 256; c++) {
			strbuf_init(&got, tmp, 999);
			copy[i] = (char)c;
			err_free(xml_read(copy, strlen(text) - i / 2, "R", note, &got));
			assert_true(got.len < 64);
		}
		copy[i] = text[i];
	}
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, reads, read_rows);
	UNIT(&u, keeps_the_code);
	UNIT_ROWS(&u, escapes, escape_rows);
	UNIT(&u, bears_anything);
	return unit_run(&u, "xml");
}
