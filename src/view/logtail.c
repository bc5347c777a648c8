#include "view/logtail.h"

#include "base/mem.h"
#include "view/logs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL_BYTES 32768 /* of a log that are read */

static struct rows *
tail_lines(void *mem, char *text, bool cut)
{
	static const char *const names[] = { "time", "level", "message" };
	struct rows *r = rows_new(mem, 3);
	struct log_text line = { 0 };
	char *end;

	for (size_t c = 0; c < 3; c++)
		rows_column(r, c, names[c], ROWS_TEXT);
	if (cut && (end = strchr(text, '\n')))
		text = end + 1;
	for (; (end = strchr(text, '\n')); text = end + 1) {
		*end = '\0';
		logs_parse(text, &line);
		const char *cells[] = { *line.time ? line.time : NULL,
					*line.level ? line.level : NULL, line.message };
		rows_add(r, cells);
	}
	return r;
}

/* One that is not there yet is an empty one. */
static struct err *
tail_file(void *mem, const char *path, struct rows **out)
{
	AUTO_MEM void *tmp = mem_root();
	char *text = mem_array(tmp, char, TAIL_BYTES + 1);
	struct stat st = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	*out = tail_lines(mem, text, false);
	if (fd < 0)
		return NULL;
	fstat(fd, &st);
	off_t from = st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0;
	n = pread(fd, text, TAIL_BYTES, from);
	close(fd);
	if (n < 0)
		return err_sys(ERR_DATA, "cannot read '%s'", path);
	for (ssize_t i = 0; i < n; i++)
		text[i] = text[i] ? text[i] : '?';
	text[n] = '\0';
	*out = tail_lines(mem, text, from > 0);
	return NULL;
}

struct err *
logtail_read(void *mem, struct lake *lake, const char *key, struct rows **out)
{
	AUTO_MEM void *tmp = mem_root();
	char *path;

	TRY(lake_log_path(tmp, lake, key, &path));
	return tail_file(mem, path, out);
}

struct rows *
logtail_until(void *mem, const struct rows *r, const char *at)
{
	struct rows *out = rows_new(mem, r->n_cols);

	for (size_t c = 0; c < r->n_cols; c++)
		rows_column(out, c, r->names[c], r->types[c]);
	for (size_t i = 0; i < r->n; i++) {
		const char *time = rows_get(r, i, "time");

		if (time && strcmp(time, at) > 0)
			break;
		rows_add(out, &r->cells[i * r->n_cols]);
	}
	return out;
}
