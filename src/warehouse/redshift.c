#include "warehouse/redshift.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/text.h"
#include "pipeline/template.h"
#include "remote/redshift_serverless.h"
#include "warehouse/load.h"

#include <string.h>

#define PLAIN	     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=:+@,-"
#define MANIFEST_MAX (4U << 20)

/* --- login --- */

static struct err *
redshift_login(void *mem, const void *arg, const char **user, const char **password)
{
	const struct warehouse *w = arg;

	return redshift_credentials(mem, w->aws, settings_get(w->settings, "redshift_workgroup"),
				    user, password);
}

struct err *
redshift_aws(void *mem, const struct settings *settings, struct aws **out)
{
	const char *region = settings_get(settings, "region");
	struct aws_config config = { .region = *region ? region : NULL };

	return aws_open(mem, &config, out);
}

struct err *
redshift_prepare(struct warehouse *w)
{
	const char *value;

	if (strcmp(settings_get(w->settings, "lake"), "s3"))
		return err_hint(err_new(ERR_CONFIG, "Redshift loads from S3, and the lake is '%s'",
					settings_get(w->settings, "lake")),
				"set lake = s3 with its four buckets, or warehouse = postgres");
	TRY(settings_need(w->settings, "redshift_role_arn", &value));
	if (strcmp(settings_get(w->settings, "warehouse_auth"), "iam"))
		return NULL;
	TRY(settings_need(w->settings, "redshift_workgroup", &value));
	TRY(redshift_aws(w, w->settings, &w->aws));
	w->login = (struct pg_login){ .make = redshift_login, .arg = w };
	return NULL;
}

/* --- COPY --- */

/* COPY takes no parameters: what stands between its quotes must need none. */
static struct err *
plain(const char *text)
{
	if (text[strspn(text, PLAIN)])
		return err_new(ERR_CONFIG, "'%s' cannot stand in a COPY", text);
	return NULL;
}

/* "s3://bucket/key" of an object in bucket processed. */
static struct err *
redshift_object(void *mem, const struct load *l, const char *key, char **url)
{
	char *name = lake_name(mem, l->lake, LAKE_PROCESSED, key);

	if (strncmp(name, "s3://", 5))
		return err_new(ERR_CONFIG, "Redshift loads from S3, not from '%s'", name);
	struct err *e = plain(name);
	if (!e)
		*url = name;
	return e;
}

/* Load what a manifest names; the table got no other rows. */
static struct err *
copy(const struct load *l, const char *sql_name, const char *table, const char *manifest,
     long long expected)
{
	AUTO_MEM void *tmp = mem_root();
	const char *role = settings_get(l->w->settings, "redshift_role_arn");
	struct template t = { 0 };
	struct rows *copied;
	char *url, *sql;

	TRY(redshift_object(tmp, l, manifest, &url));
	TRY(plain(role));
	template_set(tmp, &t, "table", table);
	template_set(tmp, &t, "object", url);
	template_set(tmp, &t, "role", role);
	TRY(template_fill(tmp, sql_text(sql_name), &t, &sql));
	TRY(pg_exec(l->w->pg, sql));
	TRY(pg_query(tmp, l->w->pg, sql_text("warehouse/redshift_copied"), NULL, 0, &copied));
	if (rows_int(copied, 0, "rows") != expected)
		return err_new(ERR_DATA, "'%s' got %lld rows, not %lld", table,
			       rows_int(copied, 0, "rows"), expected);
	return NULL;
}

/* Its name holds its sum: one that is there, by an earlier try, says the same. */
static struct err *
write_manifest(void *mem, const struct load *l, const char *table, const char *json, char **key)
{
	AUTO_MEM void *tmp = mem_root();
	struct lake_writer *file;
	char sum[DIGEST_HEX];

	digest_text(json, sum);
	*key = mem_printf(mem, "%s/a%d/_copy/%s-%.12s.manifest", l->b->prefix, l->b->attempt, table,
			  sum);
	struct err *e = lake_create(tmp, l->lake, LAKE_PROCESSED, *key, &file);
	if (!e)
		e = file->sink.write(&file->sink, json, strlen(json));
	if (!e)
		e = lake_commit(file);
	if (!e || e->code != ERR_CONFLICT)
		return e;
	err_free(e);
	return NULL;
}

/* Bytes of one of the table's objects; Redshift refuses one of another size. */
static struct err *
object_bytes(const struct load *l, const struct staged *t, const char *key, long long *bytes)
{
	AUTO_MEM void *tmp = mem_root();
	struct lake_object *found;
	size_t n;

	*bytes = t->bytes;
	if (t->n_keys == 1)
		return NULL;
	TRY(lake_list(tmp, l->lake, LAKE_PROCESSED, key, &found, &n));
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(found[i].key, key)) {
			*bytes = found[i].bytes;
			return NULL;
		}
	}
	return err_new(ERR_NOTFOUND, "'%s' is not there",
		       lake_name(tmp, l->lake, LAKE_PROCESSED, key));
}

/* bytes < 0: not told */
static struct err *
manifest_entry(const struct load *l, struct strbuf *json, const char *key, long long bytes)
{
	AUTO_MEM void *tmp = mem_root();
	char *url;

	TRY(redshift_object(tmp, l, key, &url));
	strbuf_str(json, json->len ? ",\n" : "{\"entries\":[\n");
	strbuf_str(json, "{\"url\":");
	strbuf_json(json, url);
	strbuf_str(json, ",\"mandatory\":true");
	if (bytes >= 0)
		strbuf_printf(json, ",\"meta\":{\"content_length\":%lld}", bytes);
	strbuf_char(json, '}');
	return NULL;
}

struct err *
redshift_parquet(const struct load *l, const struct staged *t)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf json;
	long long bytes;
	char *key;

	strbuf_init(&json, tmp, MANIFEST_MAX);
	for (size_t i = 0; i < t->n_keys; i++) {
		TRY(object_bytes(l, t, t->keys[i], &bytes));
		TRY(manifest_entry(l, &json, t->keys[i], bytes));
	}
	strbuf_str(&json, "\n]}\n");
	if (json.full)
		return err_new(ERR_DATA, "'%s' stands in too many objects for one COPY", t->table);
	TRY(write_manifest(tmp, l, t->table, json.s, &key));
	return copy(l, "warehouse/redshift_copy", t->table, key, t->rows);
}

/* --- rows by way of an object --- */

static struct err *
object_put(struct sink *sink, const void *data, size_t n)
{
	struct loader *loader = (struct loader *)sink;

	loader->bytes += (long long)n;
	return loader->file ? loader->file->sink.write(&loader->file->sink, data, n) : NULL;
}

/* The batch's files are never changed, so an object of this name has these rows. */
struct err *
redshift_begin(void *mem, struct loader *loader)
{
	const struct load *l = loader->l;

	loader->sink.write = object_put;
	loader->key =
		mem_printf(mem, "%s/a%d/_copy/%s.csv", l->b->prefix, l->b->attempt, loader->table);
	struct err *e = lake_create(mem, l->lake, LAKE_PROCESSED, loader->key, &loader->file);
	if (!e || e->code != ERR_CONFLICT)
		return e;
	err_free(e);
	loader->file = NULL;
	return NULL;
}

struct err *
redshift_end(struct loader *loader, struct err *e, long long expected)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf json;
	char *key;

	if (e)
		return e;
	if (loader->file)
		e = lake_commit(loader->file);
	if (e && e->code != ERR_CONFLICT)
		return e;
	err_free(e);
	strbuf_init(&json, tmp, MANIFEST_MAX);
	TRY(manifest_entry(loader->l, &json, loader->key, -1));
	strbuf_str(&json, "\n]}\n");
	TRY(write_manifest(tmp, loader->l, loader->table, json.s, &key));
	return copy(loader->l, "warehouse/redshift_copy_csv", loader->table, key, expected);
}
