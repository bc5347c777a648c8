#include "base/mem.h"
#include "base/process.h"
#include "base/strbuf.h"
#include "remote/credentials.h"

#include <jansson.h>
#include <string.h>

#define OUTPUT_MAX 65536
#define WORDS_MAX  64
#define TIMEOUT_MS 60000 /* Source: the SDK for Go */
#define DEAF_MS	   15000 /* after a cancel somebody waits for our end */

/* The next word as a shell would read it, without any expansion; NULL at the end. */
static char *
next_word(void *mem, const char **rest, bool *open)
{
	const char *s = *rest + strspn(*rest, " \t");
	struct strbuf word;
	char quote = '\0';

	if (!*s)
		return NULL;
	strbuf_init(&word, mem, OUTPUT_MAX);
	for (; *s && (quote || !strchr(" \t", *s)); s++) {
		if (quote ? *s == quote : *s == '\'' || *s == '"')
			quote = quote ? '\0' : *s;
		else if (*s == '\\' && quote != '\'' && s[1])
			strbuf_char(&word, *++s);
		else
			strbuf_char(&word, *s);
	}
	*open = quote;
	*rest = s;
	return word.s;
}

static struct err *
split(void *mem, const char *command, const char **argv)
{
	bool open = false;
	size_t n = 0;

	while (n < WORDS_MAX && (argv[n] = next_word(mem, &command, &open)))
		n++;
	if (open || n == 0 || n == WORDS_MAX)
		return err_new(ERR_CONFIG, "%s",
			       open ? "a quote is not closed" : "not 1 to 63 words");
	return NULL;
}

static struct err *
run(void *mem, const char *command, bool deaf, struct credentials *out)
{
	AUTO_MEM void *tmp = mem_root();
	const char **argv = mem_array(tmp, const char *, WORDS_MAX + 1);
	struct process p = { .argv = argv,
			     .timeout_ms = deaf ? DEAF_MS : TIMEOUT_MS,
			     .deaf = deaf };
	struct strbuf output;

	strbuf_init(&output, tmp, OUTPUT_MAX);
	TRY(split(tmp, command, argv));
	struct err *e = process_run(&p, &output);
	json_t *root = e ? NULL : json_loadb(output.s, output.len, 0, NULL);
	bool known = json_integer_value(json_object_get(root, "Version")) == 1;
	json_decref(root);
	if (!e && !known)
		e = err_new(ERR_REMOTE, "it does not print JSON with \"Version\": 1");
	if (!e)
		e = credentials_parse(mem, output.s, output.len, "SessionToken", out);
	explicit_bzero(output.s, output.len);
	return e;
}

struct err *
credentials_from_process(void *mem, const struct credentials_seek *seek, struct credentials *out)
{
	const char *command = profiles_get(seek->files, seek->profile, "credential_process");

	if (!command)
		return NULL;
	struct err *e = run(mem, command, seek->deaf, out);
	if (e)
		return err_wrap(e, "credential_process of profile '%s'", seek->profile);
	out->source = mem_printf(mem, "profile '%s', credential_process", seek->profile);
	return NULL;
}
