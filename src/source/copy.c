/* Extraction by COPY from any PostgreSQL, through this program into the lake. */
#include "base/cancel.h"
#include "base/mem.h"
#include "base/sql.h"
#include "base/strbuf.h"
#include "base/time.h"
#include "source/extract.h"

#include <string.h>

#define TELL_MS	   250
#define HEADER_MAX 4096

/*
 * On the way into the lake, rows are told.  Spark reads a file of rows with line ends in them as
 * one task: so a big entity goes into parts, each with the header.
 */
struct tap {
	struct sink sink;
	struct extract *x;
	const struct extract_entity *entity;
	struct extract_files *files;
	long long part_bytes;	/* the next part begins behind so many */
	struct lake_writer *to; /* the part at work, and below what it has */
	char *key;
	long long part_rows;
	struct strbuf header; /* with its line end */
	long long rows, bytes;
	long long told_ms;
};

static void
tap_tell(struct tap *t)
{
	t->told_ms = time_tick_ms();
	extract_tell(t->x, t->entity->step, t->rows, t->bytes);
}

/* "orders.csv", "orders.csv_part2", as RDS names them. */
static struct err *
part_begin(struct tap *t)
{
	size_t number = 1;

	for (size_t i = 0; i < t->files->n; i++)
		number += !strcmp(t->files->list[i].entity, t->entity->name);
	t->key = extract_key(t->files, t->x, t->entity);
	if (number > 1)
		t->key = mem_printf(t->files, "%s_part%zu", t->key, number);
	t->part_rows = 0;
	TRY(lake_create(t->files, t->x->lake, LAKE_RAW, t->key, &t->to));
	return t->to->sink.write(&t->to->sink, t->header.s, t->header.len);
}

static struct err *
part_end(struct tap *t)
{
	TRY(lake_commit(t->to));
	extract_add(t->files,
		    (struct batch_file){ .entity = t->entity->name,
					 .key = t->key,
					 .bytes = t->to->bytes,
					 .rows = t->part_rows,
					 .sha256 = mem_strdup(t->files, t->to->sha256),
					 .header = mem_strndup(t->files, t->header.s,
							       strcspn(t->header.s, "\r\n")) });
	mem_free(t->to);
	return NULL;
}

/* COPY sends one row at a time, the header first. */
static struct err *
tap_write(struct sink *sink, const void *data, size_t n)
{
	struct tap *t = (struct tap *)sink;

	TRY(cancel_check());
	if (atomic_load(&t->x->stop))
		return err_new(ERR_CANCELLED, "the other session failed");
	t->bytes += (long long)n;
	if (!t->header.len) {
		strbuf_add(&t->header, data, n);
		return part_begin(t);
	}
	if (t->to->bytes >= t->part_bytes) {
		TRY(part_end(t));
		TRY(part_begin(t));
	}
	t->rows++;
	t->part_rows++;
	if (t->rows % 256 == 0 && time_tick_ms() - t->told_ms >= TELL_MS)
		tap_tell(t);
	return t->to->sink.write(&t->to->sink, data, n);
}

struct err *
copy_extract(struct extract *x, struct pg *pg, const struct extract_entity *entity,
	     struct extract_files *files)
{
	AUTO_MEM void *tmp = mem_root();
	struct tap t = { .sink = { tap_write }, .x = x, .entity = entity, .files = files };
	long long rows;

	int mib = settings_int(x->settings, "raw_part_mib");
	t.part_bytes = (long long)(mib > 0 ? mib : 1) << 20;
	strbuf_init(&t.header, tmp, HEADER_MAX);
	const char *copy =
		mem_printf(tmp, "copy (\n%s\n) to stdout (format csv, header true)", entity->query);
	TRY(pg_copy_out(pg, copy, &t.sink, &rows));
	TRY(part_end(&t));
	tap_tell(&t);
	if (rows != t.rows)
		return err_new(ERR_DATA, "the server sent %lld rows and says %lld", t.rows, rows);
	return NULL;
}
