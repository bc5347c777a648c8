#include "run/manifest.h"

#include "base/mem.h"

#include <jansson.h>
#include <string.h>

#define MANIFEST_MAX ((size_t)64 << 20)

static const char *const modes[] = { "full", "incremental", "backfill" };

/* --- writing --- */

static struct err *
put(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key, json_t *json)
{
	struct lake_writer *w;
	char *text = json_dumps(json, JSON_INDENT(1));

	json_decref(json);
	struct err *e = lake_create(mem, lake, bucket, key, &w);
	if (!e)
		e = w->sink.write(&w->sink, text, strlen(text));
	free(text);
	return e ? e : lake_commit(w);
}

static json_t *
watermark_json(const struct watermark *w)
{
	return json_pack("{s:I, s:I, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:i, s:i}", "k",
			 (json_int_t)w->k, "run", (json_int_t)w->run, "epoch", w->epoch, "s", w->s,
			 "seq", w->seq, "xid", w->xid, "at", w->at, "business_timezone",
			 w->business_timezone, "first_year", w->first_year, "last_year",
			 w->last_year);
}

static json_t *
file_json(const struct batch_file *f)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:s*, s:s*, s:s, s:b}", "entity", f->entity, "key",
			 f->key, "bytes", (json_int_t)f->bytes, "rows", (json_int_t)f->rows,
			 "sha256", f->sha256, "etag", f->etag, "header", f->header, "headless",
			 f->headless);
}

struct err *
manifest_write(void *mem, struct lake *lake, const struct batch *b, const char **key)
{
	json_t *files = json_array();

	for (size_t i = 0; i < b->n_files; i++)
		json_array_append_new(files, file_json(&b->files[i]));
	json_t *json = json_pack(
		"{s:i, s:I, s:i, s:s, s:s, s:o, s:o, s:s, s:s*, s:s*, s:s, s:s, s:o}", "version", 1,
		"run", (json_int_t)b->run, "attempt", b->attempt, "mode", modes[b->mode], "prefix",
		b->prefix, "prev", watermark_json(&b->prev), "next", watermark_json(&b->next),
		"run_day", b->run_day, "from", b->from, "to", b->to, "program", b->program,
		"sql_hash", b->sql_hash, "files", files);

	*key = mem_printf(mem, "%s/a%d/manifest.json", b->prefix, b->attempt);
	return put(mem, lake, LAKE_RAW, *key, json);
}

static char *
staging_key(void *mem, const struct batch *b)
{
	return mem_printf(mem, "%s/a%d/staging.json", b->prefix, b->attempt);
}

static json_t *
staged_json(const struct staged *t)
{
	json_t *keys = json_array();

	for (size_t i = 0; i < t->n_keys; i++)
		json_array_append_new(keys, json_string(t->keys[i]));
	return json_pack("{s:s, s:s, s:o, s:s*, s:I, s:I, s:I, s:I, s:I}", "table", t->table,
			 "entity", t->entity, "keys", keys, "rejects_key", t->rejects_key, "bytes",
			 (json_int_t)t->bytes, "read", (json_int_t)t->read, "rows",
			 (json_int_t)t->rows, "superseded", (json_int_t)t->superseded, "rejected",
			 (json_int_t)t->rejected);
}

struct err *
staging_write(struct lake *lake, const struct batch *b, const struct staging *staging)
{
	AUTO_MEM void *tmp = mem_root();
	json_t *tables = json_array();

	for (size_t i = 0; i < staging->n; i++)
		json_array_append_new(tables, staged_json(&staging->tables[i]));
	return put(tmp, lake, LAKE_PROCESSED, staging_key(tmp, b),
		   json_pack("{s:i, s:i, s:i, s:o}", "version", 1, "first_year",
			     staging->first_year, "last_year", staging->last_year, "tables",
			     tables));
}

/* --- reading --- */

static struct err *
get(struct lake *lake, enum lake_bucket bucket, const char *key, json_t **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf text;

	TRY(lake_read(tmp, lake, bucket, key, MANIFEST_MAX, &text));
	*out = json_loadb(text.s, text.len, 0, NULL);
	if (!*out || json_integer_value(json_object_get(*out, "version")) != 1) {
		json_decref(*out);
		return err_new(ERR_DATA, "'%s' is no manifest of this version",
			       lake_name(tmp, lake, bucket, key));
	}
	return NULL;
}

static const char *
text_of(void *mem, const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? mem_strdup(mem, text) : NULL;
}

static long long
number_of(const json_t *json, const char *name)
{
	return json_integer_value(json_object_get(json, name));
}

static struct watermark
watermark_of(void *mem, const json_t *json)
{
	return (struct watermark){
		.k = number_of(json, "k"),
		.run = number_of(json, "run"),
		.epoch = text_of(mem, json, "epoch"),
		.s = text_of(mem, json, "s"),
		.seq = text_of(mem, json, "seq"),
		.xid = text_of(mem, json, "xid"),
		.at = text_of(mem, json, "at"),
		.business_timezone = text_of(mem, json, "business_timezone"),
		.first_year = (int)number_of(json, "first_year"),
		.last_year = (int)number_of(json, "last_year"),
	};
}

static enum batch_mode
mode_of(const char *name)
{
	size_t i = 0;

	while (i < 2 && strcmp(name, modes[i]))
		i++;
	return (enum batch_mode)i;
}

static void
files_of(struct batch *b, const json_t *list)
{
	b->n_files = json_array_size(list);
	b->files = mem_array(b, struct batch_file, b->n_files);
	for (size_t i = 0; i < b->n_files; i++) {
		const json_t *f = json_array_get(list, i);

		b->files[i] = (struct batch_file){
			.entity = text_of(b, f, "entity"),
			.key = text_of(b, f, "key"),
			.bytes = number_of(f, "bytes"),
			.rows = number_of(f, "rows"),
			.sha256 = text_of(b, f, "sha256"),
			.etag = text_of(b, f, "etag"),
			.header = text_of(b, f, "header"),
			.headless = json_is_true(json_object_get(f, "headless")),
		};
	}
}

struct err *
manifest_read(void *mem, struct lake *lake, const char *key, struct batch **out)
{
	json_t *json;

	TRY(get(lake, LAKE_RAW, key, &json));
	struct batch *b = mem_new(mem, struct batch);
	*b = (struct batch){
		.run = number_of(json, "run"),
		.attempt = (int)number_of(json, "attempt"),
		.mode = mode_of(json_string_value(json_object_get(json, "mode"))),
		.prefix = text_of(b, json, "prefix"),
		.prev = watermark_of(b, json_object_get(json, "prev")),
		.next = watermark_of(b, json_object_get(json, "next")),
		.run_day = text_of(b, json, "run_day"),
		.from = text_of(b, json, "from"),
		.to = text_of(b, json, "to"),
		.program = text_of(b, json, "program"),
		.sql_hash = text_of(b, json, "sql_hash"),
	};
	files_of(b, json_object_get(json, "files"));
	json_decref(json);
	*out = b;
	return NULL;
}

static struct staged
staged_of(void *mem, const json_t *json)
{
	const json_t *keys = json_object_get(json, "keys");
	struct staged t = {
		.table = text_of(mem, json, "table"),
		.entity = text_of(mem, json, "entity"),
		.n_keys = json_array_size(keys),
		.rejects_key = text_of(mem, json, "rejects_key"),
		.bytes = number_of(json, "bytes"),
		.read = number_of(json, "read"),
		.rows = number_of(json, "rows"),
		.superseded = number_of(json, "superseded"),
		.rejected = number_of(json, "rejected"),
	};

	t.keys = mem_array(mem, const char *, t.n_keys);
	for (size_t i = 0; i < t.n_keys; i++)
		t.keys[i] = mem_strdup(mem, json_string_value(json_array_get(keys, i)));
	return t;
}

struct err *
staging_read(void *mem, struct lake *lake, const struct batch *b, struct staging **out)
{
	AUTO_MEM void *tmp = mem_root();
	json_t *json;

	TRY(get(lake, LAKE_PROCESSED, staging_key(tmp, b), &json));
	struct staging *s = mem_new(mem, struct staging);
	const json_t *tables = json_object_get(json, "tables");
	s->n = json_array_size(tables);
	s->tables = mem_array(s, struct staged, s->n);
	s->first_year = (int)number_of(json, "first_year");
	s->last_year = (int)number_of(json, "last_year");
	for (size_t i = 0; i < s->n; i++)
		s->tables[i] = staged_of(s, json_array_get(tables, i));
	json_decref(json);
	*out = s;
	return NULL;
}
