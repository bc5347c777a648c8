#include "run/manifest.h"

#include "base/mem.h"
#include "run/object.h"

#include <string.h>

static const char *const modes[] = { "full", "incremental", "backfill" };

/* --- writing --- */

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
	return object_put(lake, LAKE_RAW, *key, json);
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
	return object_put(lake, LAKE_PROCESSED, staging_key(tmp, b),
			  json_pack("{s:i, s:i, s:i, s:o}", "version", 1, "first_year",
				    staging->first_year, "last_year", staging->last_year, "tables",
				    tables));
}

/* --- reading --- */

static struct watermark
watermark_of(void *mem, const json_t *json)
{
	return (struct watermark){
		.k = object_number(json, "k"),
		.run = object_number(json, "run"),
		.epoch = object_text(mem, json, "epoch"),
		.s = object_text(mem, json, "s"),
		.seq = object_text(mem, json, "seq"),
		.xid = object_text(mem, json, "xid"),
		.at = object_text(mem, json, "at"),
		.business_timezone = object_text(mem, json, "business_timezone"),
		.first_year = (int)object_number(json, "first_year"),
		.last_year = (int)object_number(json, "last_year"),
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

/* What all that read it take for given. */
static bool
manifest_whole(const json_t *json)
{
	const json_t *files = json_object_get(json, "files");
	bool whole = object_has_texts(json, "mode prefix");

	for (size_t i = 0; i < json_array_size(files); i++)
		whole &= object_has_texts(json_array_get(files, i), "entity key header");
	return whole;
}

static void
files_of(struct batch *b, const json_t *list)
{
	b->n_files = json_array_size(list);
	b->files = mem_array(b, struct batch_file, b->n_files);
	for (size_t i = 0; i < b->n_files; i++) {
		const json_t *f = json_array_get(list, i);

		b->files[i] = (struct batch_file){
			.entity = object_text(b, f, "entity"),
			.key = object_text(b, f, "key"),
			.bytes = object_number(f, "bytes"),
			.rows = object_number(f, "rows"),
			.sha256 = object_text(b, f, "sha256"),
			.etag = object_text(b, f, "etag"),
			.header = object_text(b, f, "header"),
			.headless = json_is_true(json_object_get(f, "headless")),
		};
	}
}

struct err *
manifest_read(void *mem, struct lake *lake, const char *key, struct batch **out)
{
	json_t *json;

	TRY(object_get(lake, LAKE_RAW, key, &json));
	if (!manifest_whole(json)) {
		json_decref(json);
		return object_strange(lake, LAKE_RAW, key);
	}
	struct batch *b = mem_new(mem, struct batch);
	*b = (struct batch){
		.run = object_number(json, "run"),
		.attempt = (int)object_number(json, "attempt"),
		.mode = mode_of(json_string_value(json_object_get(json, "mode"))),
		.prefix = object_text(b, json, "prefix"),
		.prev = watermark_of(b, json_object_get(json, "prev")),
		.next = watermark_of(b, json_object_get(json, "next")),
		.run_day = object_text(b, json, "run_day"),
		.from = object_text(b, json, "from"),
		.to = object_text(b, json, "to"),
		.program = object_text(b, json, "program"),
		.sql_hash = object_text(b, json, "sql_hash"),
	};
	files_of(b, json_object_get(json, "files"));
	json_decref(json);
	*out = b;
	return NULL;
}

static bool
staging_whole(const json_t *tables)
{
	bool whole = json_is_array(tables);

	for (size_t i = 0; i < json_array_size(tables); i++) {
		const json_t *t = json_array_get(tables, i), *keys = json_object_get(t, "keys");

		whole &= object_has_texts(t, "table entity");
		for (size_t k = 0; k < json_array_size(keys); k++)
			whole &= json_is_string(json_array_get(keys, k));
	}
	return whole;
}

static struct staged
staged_of(void *mem, const json_t *json)
{
	const json_t *keys = json_object_get(json, "keys");
	struct staged t = {
		.table = object_text(mem, json, "table"),
		.entity = object_text(mem, json, "entity"),
		.n_keys = json_array_size(keys),
		.rejects_key = object_text(mem, json, "rejects_key"),
		.bytes = object_number(json, "bytes"),
		.read = object_number(json, "read"),
		.rows = object_number(json, "rows"),
		.superseded = object_number(json, "superseded"),
		.rejected = object_number(json, "rejected"),
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

	TRY(object_get(lake, LAKE_PROCESSED, staging_key(tmp, b), &json));
	const json_t *tables = json_object_get(json, "tables");
	if (!staging_whole(tables)) {
		json_decref(json);
		return object_strange(lake, LAKE_PROCESSED, staging_key(tmp, b));
	}
	struct staging *s = mem_new(mem, struct staging);
	s->n = json_array_size(tables);
	s->tables = mem_array(s, struct staged, s->n);
	s->first_year = (int)object_number(json, "first_year");
	s->last_year = (int)object_number(json, "last_year");
	for (size_t i = 0; i < s->n; i++)
		s->tables[i] = staged_of(s, json_array_get(tables, i));
	json_decref(json);
	*out = s;
	return NULL;
}
