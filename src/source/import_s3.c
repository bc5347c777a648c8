#include "source/import_s3.h"

#include "base/mem.h"
#include "base/sql.h"
#include "source/extract.h"

#include <stdlib.h>

struct err *
import_s3_ready(void *mem, struct source *s, const char **why)
{
	TRY(pg_script(s->pg, sql_text("source/aws_s3_make")));
	return aws_s3_ready(mem, s->pg, s->settings, NULL, "table_import_from_s3", why);
}

/* Names as the file has them, in its order. */
static char *
import_s3_columns(void *mem, const struct csv_record *header)
{
	char *list = mem_strdup(mem, "");

	for (size_t i = 0; i < header->n; i++)
		list = mem_printf(mem, "%s%s%s", list, i ? ", " : "",
				  pg_ident(mem, header->values[i].text));
	return list;
}

static struct err *
import_s3_read(struct csv *csv, long long *records)
{
	const struct csv_record *r;
	long long n = 0;

	TRY(csv_next(csv, &r));
	while (r) {
		n++;
		TRY(csv_next(csv, &r));
	}
	*records = n;
	return NULL;
}

struct err *
import_s3_file(struct source *s, const char *file, struct csv *csv, long long *rows)
{
	AUTO_MEM void *tmp = mem_root();
	const char *region = settings_get(s->settings, "region"), *bucket, **steps;
	char *key = mem_printf(tmp, "dataset/%s.csv", file);
	long long there;
	struct rows *r;
	size_t n;

	TRY(settings_need(s->settings, "source_bucket", &bucket));
	TRY(import_s3_read(csv, &there));
	sql_split(tmp, sql_text("source/aws_s3_lines"), &steps, &n);
	TRY(pg_exec(s->pg, steps[0]));
	TRY(pg_exec(s->pg, steps[1]));
	TRY(pg_query(tmp, s->pg, steps[2], &file, 1, NULL));
	const char *params[] = { file, import_s3_columns(tmp, csv_header(csv)), bucket, key,
				 *region ? region : NULL };
	struct err *e = pg_query(tmp, s->pg, sql_text("source/aws_s3_import"), params, 5, &r);
	if (e && aws_s3_denied(e))
		return err_hint(
			e, "the role of feature s3Import on the instance needs s3:GetObject on "
			   "the data set in the source bucket");
	TRY(e);
	*rows = strtoll(rows_get(r, 0, "said"), NULL, 10);
	if (*rows != there)
		return err_new(ERR_DATA,
			       "'%s.csv' has %lld records, but RDS read %lld from 's3://%s/%s'",
			       file, there, *rows, bucket, key);
	return pg_query(tmp, s->pg, steps[3], &file, 1, NULL);
}
