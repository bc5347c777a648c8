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

/* On the way into the lake: the header is kept, rows are told. */
struct tap {
	struct sink sink;
	struct extract *x;
	struct lake_writer *to;
	struct strbuf header;
	const char *step; /* or NULL: not one of the run's */
	long long rows, bytes;
	long long told_ms;
	bool headed;
};

static void
tap_tell(struct tap *t)
{
	t->told_ms = time_tick_ms();
	extract_tell(t->x, t->step, t->rows, t->bytes);
}

/* COPY sends one row at a time, the header first. */
static struct err *
tap_write(struct sink *sink, const void *data, size_t n)
{
	struct tap *t = (struct tap *)sink;

	TRY(cancel_check());
	if (atomic_load(&t->x->stop))
		return err_new(ERR_CANCELLED, "the other session failed");
	if (!t->headed)
		strbuf_add(&t->header, data, strcspn(data, "\r\n"));
	else
		t->rows++;
	t->headed = true;
	t->bytes += (long long)n;
	if (t->rows % 256 == 0 && time_tick_ms() - t->told_ms >= TELL_MS)
		tap_tell(t);
	return t->to->sink.write(&t->to->sink, data, n);
}

struct err *
copy_extract(struct extract *x, struct pg *pg, const struct extract_entity *entity,
	     struct extract_files *files)
{
	AUTO_MEM void *tmp = mem_root();
	struct tap t = { .sink = { tap_write }, .x = x, .step = entity->step };
	char *key = extract_key(files, x, entity);
	long long rows;

	strbuf_init(&t.header, files, HEADER_MAX);
	TRY(lake_create(tmp, x->lake, LAKE_RAW, key, &t.to));
	const char *copy =
		mem_printf(tmp, "copy (\n%s\n) to stdout (format csv, header true)", entity->query);
	TRY(pg_copy_out(pg, copy, &t.sink, &rows));
	TRY(lake_commit(t.to));
	tap_tell(&t);
	extract_add(files, (struct batch_file){ .entity = entity->name,
						.key = key,
						.bytes = t.to->bytes,
						.rows = rows,
						.sha256 = mem_strdup(files, t.to->sha256),
						.header = t.header.s });
	return NULL;
}
