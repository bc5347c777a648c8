/* Extraction by RDS itself: aws_s3.query_export_to_s3 writes each entity to the raw bucket. */
#include "base/mem.h"
#include "base/sql.h"
#include "base/strbuf.h"
#include "remote/s3.h"
#include "source/extract.h"

#include <string.h>

#define HEADER_MAX 4096 /* bytes in which a first line ends */

/* One entity on its way. */
struct export
{
	struct s3 *s3;
	const char *bucket, *region;  /* region or NULL: RDS's own */
	const char *key;	      /* of the first part */
	long long rows, files, bytes; /* as RDS counted them */
	struct s3_object *objects;    /* [n] that are there */
	size_t n;
};

struct head {
	struct sink sink;
	struct strbuf text;
};

static struct err *
head_write(struct sink *sink, const void *data, size_t n)
{
	struct head *h = (struct head *)sink;

	strbuf_add(&h->text, data, n);
	return NULL;
}

/* The first line of an object, without its end. */
static struct err *
export_head(void *mem, struct export *ex, const struct s3_object *object, char **line)
{
	AUTO_MEM void *tmp = mem_root();
	struct head h = { .sink = { head_write } };
	struct s3_get get = { .bytes = HEADER_MAX, .if_match = object->etag };

	strbuf_init(&h.text, tmp, HEADER_MAX + 1);
	TRY(s3_get(tmp, ex->s3, ex->bucket, object->key, &get, &h.sink));
	*line = mem_strndup(mem, h.text.s, strcspn(h.text.s, "\r\n"));
	return NULL;
}

/* KEY, KEY_part2, KEY_part3: in the order of the rows, which is not that of a list. */
static struct err *
export_part(const struct export *ex, long long number, const struct s3_object **out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *name = number == 1 ? ex->key : mem_printf(tmp, "%s_part%lld", ex->key, number);

	for (size_t i = 0; i < ex->n; i++) {
		if (strcmp(ex->objects[i].key, name))
			continue;
		*out = &ex->objects[i];
		return NULL;
	}
	return err_new(ERR_DATA, "part %lld of %lld of 's3://%s/%s' is not there", number,
		       ex->files, ex->bucket, ex->key);
}

/* What is there is what RDS wrote, and nothing that an earlier export left. */
static struct err *
export_check(const struct export *ex)
{
	const struct s3_object *object;
	long long bytes = 0;

	for (size_t i = 0; i < ex->n; i++)
		bytes += ex->objects[i].bytes;
	for (long long i = 1; i <= ex->files; i++)
		TRY(export_part(ex, i, &object));
	if ((long long)ex->n != ex->files || bytes != ex->bytes)
		return err_hint(
			err_new(ERR_DATA,
				"RDS wrote %lld objects with %lld bytes to 's3://%s/%s', but "
				"there are %zu with %lld",
				ex->files, ex->bytes, ex->bucket, ex->key, ex->n, bytes),
			"something else writes there; the next attempt has a prefix of its "
			"own");
	return NULL;
}

static struct err *
export_files(struct export *ex, const char *entity, struct extract_files *files)
{
	char *header = NULL;

	for (long long i = 1; i <= ex->files; i++) {
		const struct s3_object *object;
		char *line;

		TRY(export_part(ex, i, &object));
		TRY(export_head(files, ex, object, &line));
		header = header ? header : line;
		extract_add(files, (struct batch_file){ .entity = entity,
							.key = mem_strdup(files, object->key),
							.bytes = object->bytes,
							.rows = i == 1 ? ex->rows : 0,
							.etag = mem_strdup(files, object->etag),
							.header = header,
							.headless = strcmp(line, header) != 0 });
	}
	return NULL;
}

static struct err *
export_open(void *mem, const struct settings *settings, struct export *ex)
{
	const char *region = settings_get(settings, "region");
	struct s3_config config = { .aws = { .region = *region ? region : NULL } };

	TRY(settings_need(settings, "raw_bucket", &ex->bucket));
	ex->region = config.aws.region;
	return s3_open(mem, &config, &ex->s3);
}

bool
aws_s3_denied(const struct err *e)
{
	return strstr(e->msg, "Access Denied") || strstr(e->msg, "not authorized to perform");
}

/* 58000 is all that RDS says of S3: what passes is tried again, a right that lacks is not. */
static struct err *
export_error(struct err *e)
{
	const char *state = err_remote_of(e);

	if (!state || strcmp(state, "58000"))
		return e;
	if (!aws_s3_denied(e)) {
		e->code = ERR_NET;
		return e;
	}
	e->code = ERR_AUTH;
	return err_hint(e, "the role of feature s3Export on the instance needs s3:PutObject and "
			   "s3:AbortMultipartUpload on the raw bucket");
}

struct err *
aws_s3_extract(struct extract *x, struct pg *pg, const struct extract_entity *entity,
	       struct extract_files *files)
{
	AUTO_MEM void *tmp = mem_root();
	struct export ex = { .key = extract_key(tmp, x, entity) };
	struct rows *r;

	TRY(export_open(tmp, x->settings, &ex));
	const char *params[] = { entity->query, ex.bucket, ex.key, ex.region };
	struct err *e = pg_query(tmp, pg, sql_text("source/aws_s3_export"), params, 4, &r);
	if (e)
		return export_error(e);
	ex.rows = rows_int(r, 0, "rows_uploaded");
	ex.files = rows_int(r, 0, "files_uploaded");
	ex.bytes = rows_int(r, 0, "bytes_uploaded");
	extract_tell(x, entity->step, ex.rows, ex.bytes);
	TRY(s3_list(tmp, ex.s3, ex.bucket, ex.key, NULL, &ex.objects, &ex.n));
	TRY(export_check(&ex));
	return export_files(&ex, entity->name, files);
}

struct err *
aws_s3_ready(void *mem, struct pg *pg, const struct settings *settings, const char *role,
	     const char *function, const char **why)
{
	const char *params[] = { role, function };
	struct rows *r;

	if (strcmp(settings_get(settings, "lake"), "s3"))
		return err_hint(err_new(ERR_CONFIG, "source = aws_s3 writes to S3, but the lake is "
						    "a folder"),
				"write 'lake = s3' and the four buckets, or 'source = copy'");
	TRY(pg_query(mem, pg, sql_text("source/aws_s3_there"), params, 2, &r));
	*why = rows_get(r, 0, "why");
	return NULL;
}
