#include "run/spark_object.h"

#include "base/mem.h"
#include "base/sql.h"
#include "run/object.h"

#include <stdlib.h>
#include <string.h>

char *
spark_object_key(void *mem, const struct batch *b)
{
	return mem_printf(mem, "%s/job.a%d.json", b->prefix, b->attempt);
}

/* --- writing --- */

/* A part without a header line has none for Spark's reader to skip. */
static json_t *
file_json(const struct batch_file *f)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:s*, s:s*, s:s?}", "entity", f->entity, "key",
			 f->key, "bytes", (json_int_t)f->bytes, "rows", (json_int_t)f->rows,
			 "sha256", f->sha256, "etag", f->etag, "header",
			 f->headless ? NULL : f->header);
}

/* Those that a transform reads. */
static json_t *
files_json(const struct batch *b)
{
	json_t *files = json_array();

	for (size_t i = 0; i < b->n_files; i++) {
		if (strcmp(b->files[i].entity, "dirty_orders") &&
		    strcmp(b->files[i].entity, "keys"))
			json_array_append_new(files, file_json(&b->files[i]));
	}
	return files;
}

static json_t *
transforms_json(void)
{
	AUTO_MEM void *tmp = mem_root();
	json_t *transforms = json_object();
	const char **names;
	size_t n;

	sql_list(tmp, "transform", &names, &n);
	for (size_t i = 0; i < n; i++)
		json_object_set_new(
			transforms, names[i],
			json_string(sql_text(mem_printf(tmp, "transform/%s", names[i]))));
	return transforms;
}

static json_t *
year_json(int year)
{
	return year ? json_integer(year) : json_null();
}

struct err *
spark_object_write(struct run *run, struct lake *lake, const struct spark_object *o)
{
	AUTO_MEM void *tmp = mem_root();
	const struct batch *b = run->batch;
	const char *raw, *processed;

	TRY(settings_need(run->settings, "raw_bucket", &raw));
	TRY(settings_need(run->settings, "processed_bucket", &processed));
	json_t *json =
		json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:s, s:s, s:s}",
			  "version", 1, "raw", mem_printf(tmp, "s3://%s", raw), "processed",
			  mem_printf(tmp, "s3://%s", processed), "prefix",
			  mem_printf(tmp, "%s/a%d", b->prefix, b->attempt), "k",
			  (json_int_t)b->next.k, "run", (json_int_t)b->run, "first_year",
			  year_json(b->prev.first_year), "last_year", year_json(b->prev.last_year),
			  "files", files_json(b), "transforms", transforms_json(), "application",
			  o->application, "name", o->name, "request", o->request);
	return object_put(lake, LAKE_PROCESSED, o->key, json);
}

/* --- reading --- */

static struct err *
read_one(void *mem, struct lake *lake, struct spark_object *o)
{
	json_t *json;

	TRY(object_get(lake, LAKE_PROCESSED, o->key, &json));
	o->application = object_text(mem, json, "application");
	o->name = object_text(mem, json, "name");
	o->request = object_text(mem, json, "request");
	json_decref(json);
	if (o->application && o->name && o->request)
		return NULL;
	return err_new(ERR_DATA, "'%s' does not say which job it started", o->key);
}

struct err *
spark_object_newest(void *mem, struct lake *lake, const struct batch *b, struct spark_object *out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *prefix = mem_printf(tmp, "%s/job.a", b->prefix);
	struct lake_object *list;
	size_t n;

	*out = (struct spark_object){ 0 };
	TRY(lake_list(tmp, lake, LAKE_PROCESSED, prefix, &list, &n));
	for (size_t i = 0; i < n; i++) {
		int attempt = (int)strtol(list[i].key + strlen(prefix), NULL, 10);

		if (attempt <= out->attempt)
			continue;
		out->attempt = attempt;
		out->key = mem_strdup(mem, list[i].key);
		out->written_s = list[i].mtime;
	}
	return out->attempt ? read_one(mem, lake, out) : NULL;
}
