#include "view/logforeign.h"

#include "base/mem.h"
#include "base/time.h"
#include "view/logs.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

/* Our word for another's level, by its beginning; NULL: it is none. */
static const char *
level_of(const char *word, size_t n)
{
	static const char *const words[][2] = {
		{ "FATAL", "error" },  { "CRITICAL", "error" },	 { "ERROR", "error" },
		{ "WARN", "warning" }, { "WARNING", "warning" }, { "INFO", "info" },
		{ "DEBUG", "debug" },  { "TRACE", "debug" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i][0]) == n && !strncasecmp(word, words[i][0], n))
			return words[i][1];
	}
	return NULL;
}

static bool
has_form(const char *text, const char *form)
{
	for (; *form; form++, text++) {
		if (*form == 'd' ? *text < '0' || *text > '9' : *text != *form)
			return false;
	}
	return true;
}

/* "26/11/26 12:00:00 WARN Task: lost".  Source: log4j2.properties of Spark 3.5. */
static bool
add_log4j(struct strbuf *out, const char *line)
{
	if (!has_form(line, "dd/dd/dd dd:dd:dd "))
		return false;
	const char *word = line + 18, *rest = word + strcspn(word, " ");
	const char *level = level_of(word, (size_t)(rest - word));
	if (!level)
		return false;
	strbuf_printf(out, "20%.2s-%.2s-%.2sT%.8sZ %s%s\n", line, line + 3, line + 6, line + 9,
		      level, rest);
	return true;
}

static void
add_failures(struct strbuf *out, const json_t *details)
{
	for (size_t i = 0; i < json_array_size(details); i++) {
		const json_t *d = json_array_get(details, i);
		const char *type = json_string_value(json_object_get(d, "exc_type"));
		const char *value = json_string_value(json_object_get(d, "exc_value"));

		if (type)
			strbuf_printf(out, "  %s: %s\n", type, value ? value : "");
	}
}

/* Source: the task logs of Airflow 3, one JSON object a line. */
static bool
add_airflow(struct strbuf *out, const char *line, size_t n)
{
	json_t *json = *line == '{' ? json_loadb(line, n, 0, NULL) : NULL;
	const char *at = json_string_value(json_object_get(json, "timestamp"));
	const char *event = json_string_value(json_object_get(json, "event"));
	const char *word = json_string_value(json_object_get(json, "level"));
	const char *level = word ? level_of(word, strlen(word)) : NULL;
	struct log_text own = { 0 };

	if (event)
		logs_parse(event, &own);
	if (own.time[0]) /* what bikeops itself said there */
		strbuf_printf(out, "%s\n", event);
	else if (event && at && level && has_form(at, "dddd-dd-ddTdd:dd:dd"))
		strbuf_printf(out, "%.19sZ %s %s\n", at, level, event);
	else if (event)
		strbuf_printf(out, "%s\n", event);
	add_failures(out, json_object_get(json, "error_detail"));
	json_decref(json);
	return event != NULL;
}

void
logforeign_line(struct strbuf *out, const char *line, size_t n, long long seconds)
{
	AUTO_MEM void *tmp = mem_root();
	char *text = mem_strndup(tmp, line, n); /* up to a NUL */
	struct log_text own;

	if (add_log4j(out, text) || add_airflow(out, text, strlen(text)))
		return;
	logs_parse(text, &own);
	if (seconds && !own.time[0])
		strbuf_printf(out, "%.19sZ info ", time_iso(tmp, seconds * 1000000));
	strbuf_add(out, line, n);
	strbuf_char(out, '\n');
}
