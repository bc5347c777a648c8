#include "remote/xml.h"

#include "base/mem.h"

#include <expat.h>
#include <string.h>

#define XML_DEEP     8
#define XML_TEXT_MAX (1 << 20)

struct reading {
	XML_Parser parser;
	xml_element *take;
	void *arg;
	const char *want; /* name of the root, or NULL */
	bool error;	  /* the root is <Error> */
	char *code, *message;
	unsigned depth; /* open elements, the root is 1 */
	struct strbuf path;
	size_t ends[XML_DEEP + 2]; /* of path, before each open element */
	struct strbuf text;
	const char *bad; /* what was not as it should be */
};

static void
stop(struct reading *r, const char *why)
{
	r->bad = why;
	XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL
begin(void *self, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *r = self;

	(void)attributes;
	if (++r->depth == 1) {
		r->error = r->want && !strcmp(name, "Error");
		if (r->want && !r->error && strcmp(name, r->want))
			stop(r, "another document");
		return;
	}
	if (r->depth > XML_DEEP + 1) {
		stop(r, "too deep");
		return;
	}
	r->ends[r->depth] = r->path.len;
	strbuf_printf(&r->path, "%s%s", r->path.len ? "/" : "", name);
	strbuf_reset(&r->text);
}

static void
keep_error(struct reading *r)
{
	char **at = !strcmp(r->path.s, "Code")	    ? &r->code
		    : !strcmp(r->path.s, "Message") ? &r->message
						    : NULL;

	if (at)
		*at = mem_strdup(r->text.mem, r->text.s);
}

static void XMLCALL
end(void *self, const XML_Char *name)
{
	struct reading *r = self;

	(void)name;
	if (r->bad) /* an empty element ends even after the stop at its beginning */
		return;
	if (r->depth > 1) {
		if (r->error)
			keep_error(r);
		else
			r->take(r->arg, r->path.s, r->text.s);
		r->path.len = r->ends[r->depth];
		r->path.s[r->path.len] = '\0';
		strbuf_reset(&r->text);
	}
	r->depth--;
}

static void XMLCALL
characters(void *self, const XML_Char *s, int n)
{
	struct reading *r = self;

	strbuf_add(&r->text, s, (size_t)n);
	if (r->text.full || r->path.full)
		stop(r, "too long");
}

/* What entities are for is to make a short text long. */
static void XMLCALL
doctype(void *self, const XML_Char *name, const XML_Char *system, const XML_Char *public,
	int subset)
{
	(void)name, (void)system, (void)public, (void)subset;
	stop(self, "a document type");
}

static struct err *
read_all(struct reading *r, const char *text, size_t n)
{
	/* S3 sends white space while it works, and a declaration must be first. */
	for (; n && *text && strchr(" \t\r\n", *text); n--)
		text++;
	bool good = n < XML_TEXT_MAX * 64 && XML_Parse(r->parser, text, (int)n, 1);
	const char *want = r->want ? r->want : "XML";

	if (r->bad)
		return err_new(ERR_REMOTE, "the answer is no <%s>: %s", want, r->bad);
	if (!good)
		return err_new(ERR_REMOTE, "the answer is no <%s>: %s", want,
			       XML_ErrorString(XML_GetErrorCode(r->parser)));
	if (!r->error)
		return NULL;
	const char *code = r->code ? r->code : "Error";
	return err_remote(
		err_new(ERR_REMOTE, "%s: %s", code, r->message ? r->message : "no message"), code);
}

struct err *
xml_read(const char *text, size_t n, const char *root, xml_element *take, void *arg)
{
	AUTO_MEM void *tmp = mem_root();
	struct reading r = { .take = take, .arg = arg, .want = root };

	strbuf_init(&r.path, tmp, 4096);
	strbuf_init(&r.text, tmp, XML_TEXT_MAX);
	r.parser = mem_check(XML_ParserCreate(NULL));
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, begin, end);
	XML_SetCharacterDataHandler(r.parser, characters);
	XML_SetStartDoctypeDeclHandler(r.parser, doctype);
	struct err *e = read_all(&r, text, n);
	XML_ParserFree(r.parser);
	return e;
}

bool
xml_escape(struct strbuf *out, const char *text)
{
	static const struct {
		char c;
		const char *entity;
	} rows[] = { { '&', "&amp;" },	{ '<', "&lt;" },   { '>', "&gt;" }, { '"', "&quot;" },
		     { '\r', "&#13;" }, { '\n', "&#10;" }, { '\t', "&#9;" } };

	for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
		size_t i = 0;

		while (i < sizeof(rows) / sizeof(*rows) && rows[i].c != (char)*s)
			i++;
		if (i < sizeof(rows) / sizeof(*rows))
			strbuf_str(out, rows[i].entity);
		else if (*s < 0x20 || (*s == 0xef && s[1] == 0xbf && s[2] >= 0xbe))
			return false; /* controls, U+FFFE and U+FFFF */
		else
			strbuf_char(out, (char)*s);
	}
	return true;
}
