#include "run/object.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define OBJECT_MAX ((size_t)64 << 20)

struct err *
object_put(struct lake *lake, enum lake_bucket bucket, const char *key, json_t *json)
{
	AUTO_MEM void *tmp = mem_root();
	struct lake_writer *w;
	char *text = json_dumps(json, JSON_INDENT(1));

	json_decref(json);
	struct err *e = lake_create(tmp, lake, bucket, key, &w);
	if (!e)
		e = w->sink.write(&w->sink, text, strlen(text));
	free(text);
	return e ? e : lake_commit(w);
}

struct err *
object_strange(struct lake *lake, enum lake_bucket bucket, const char *key)
{
	AUTO_MEM void *tmp = mem_root();

	return err_new(ERR_DATA, "'%s' is no manifest of this version",
		       lake_name(tmp, lake, bucket, key));
}

struct err *
object_get(struct lake *lake, enum lake_bucket bucket, const char *key, json_t **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf text;

	TRY(lake_read(tmp, lake, bucket, key, OBJECT_MAX, &text));
	*out = json_loadb(text.s, text.len, 0, NULL);
	if (!*out || json_integer_value(json_object_get(*out, "version")) != 1) {
		json_decref(*out);
		return object_strange(lake, bucket, key);
	}
	return NULL;
}

const char *
object_text(void *mem, const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? mem_strdup(mem, text) : NULL;
}

long long
object_number(const json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

bool
object_has_texts(const json_t *json, const char *names)
{
	AUTO_MEM char *copy = mem_strdup(NULL, names);
	bool has = true;
	char *rest;

	for (char *name = strtok_r(copy, " ", &rest); name; name = strtok_r(NULL, " ", &rest))
		has &= json_is_string(json_object_get(json, name));
	return has;
}
