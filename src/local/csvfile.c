#include "local/csvfile.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUFFER	 (256 * 1024)
#define CELL_MAX 1024

struct csvfile {
	const char *path, *part;
	int fd;
	int failed; /* errno of the first write that did not go */
	bool in_row;
	long long rows, bytes;
	size_t n;
	char data[BUFFER];
};

static int
give_up(struct csvfile *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->part)
		unlink(f->part);
	return 0;
}

struct err *
csvfile_new(void *mem, const char *dir, const char *name, const char *header, struct csvfile **out)
{
	struct csvfile *f = mem_new(mem, struct csvfile);

	f->path = mem_printf(f, "%s/%s", dir, name);
	f->part = mem_printf(f, "%s/.%s.new", dir, name);
	f->fd = open(f->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (f->fd < 0) {
		struct err *e = err_sys(ERR_REFUSED, "cannot write '%s'", f->part);

		mem_free(f);
		return e;
	}
	mem_on_free(f, give_up);
	csv_raw(f, header);
	csv_end(f);
	f->rows = 0;
	*out = f;
	return NULL;
}

static void
flush(struct csvfile *f)
{
	size_t done = 0;

	while (done < f->n && !f->failed) {
		ssize_t n = write(f->fd, f->data + done, f->n - done);

		if (n > 0)
			done += (size_t)n;
		else if (errno != EINTR)
			f->failed = errno;
	}
	f->bytes += (long long)f->n;
	f->n = 0;
}

static void
put(struct csvfile *f, const char *text, size_t n)
{
	memcpy(f->data + f->n, text, n);
	f->n += n;
}

static void
begin_cell(struct csvfile *f)
{
	if (f->n > BUFFER - CELL_MAX)
		flush(f);
	if (f->in_row)
		f->data[f->n++] = ',';
	f->in_row = true;
}

void
csv_raw(struct csvfile *f, const char *text)
{
	size_t n = strlen(text);

	assert(n < CELL_MAX / 2);
	begin_cell(f);
	put(f, text, n);
}

void
csv_text(struct csvfile *f, const char *text)
{
	if (!text || !strpbrk(text, "\",\n\r")) {
		csv_raw(f, text ? text : "NULL");
		return;
	}
	assert(strlen(text) < CELL_MAX / 4);
	begin_cell(f);
	f->data[f->n++] = '"';
	for (; *text; text++) {
		if (*text == '"')
			f->data[f->n++] = '"';
		f->data[f->n++] = *text;
	}
	f->data[f->n++] = '"';
}

static void
digits(struct csvfile *f, long long n, int least)
{
	char text[24];
	size_t at = sizeof(text);

	for (; n > 0 || least > 0; n /= 10, least--)
		text[--at] = (char)('0' + n % 10);
	put(f, text + at, sizeof(text) - at);
}

void
csv_int(struct csvfile *f, long long n)
{
	begin_cell(f);
	digits(f, n, 1);
}

void
csv_cents(struct csvfile *f, long long cents)
{
	csv_int(f, cents / 100);
	if (cents % 100 == 0)
		return;
	put(f, ".", 1);
	if (cents % 10)
		digits(f, cents % 100, 2);
	else
		digits(f, cents % 100 / 10, 1);
}

/* Source: Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days. */
void
csv_day(struct csvfile *f, int day)
{
	int z = day + 719468;
	int era = z / 146097;
	int doe = z - era * 146097;
	int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int mp = (5 * doy + 2) / 153;
	int month = mp < 10 ? mp + 3 : mp - 9;

	if (day < 0) {
		csv_text(f, NULL);
		return;
	}
	csv_int(f, yoe + era * 400 + (month <= 2));
	put(f, "-", 1);
	digits(f, month, 2);
	put(f, "-", 1);
	digits(f, doy - (153 * mp + 2) / 5 + 1, 2);
}

void
csv_end(struct csvfile *f)
{
	f->data[f->n++] = '\n';
	f->in_row = false;
	f->rows++;
}

void
csvfile_truncate(struct csvfile *f)
{
	flush(f);
	if (ftruncate(f->fd, 0) && !f->failed)
		f->failed = errno;
	f->bytes = f->rows = 0;
}

struct err *
csvfile_finish(struct csvfile *f)
{
	flush(f);
	if (close(f->fd) && !f->failed)
		f->failed = errno;
	f->fd = -1;
	if (!f->failed)
		return NULL;
	errno = f->failed;
	return err_sys(ERR_REFUSED, "cannot write '%s'", f->path);
}

struct err *
csvfile_commit(struct csvfile *f)
{
	if (rename(f->part, f->path))
		return err_sys(ERR_REFUSED, "cannot write '%s'", f->path);
	f->part = NULL;
	return NULL;
}

long long
csvfile_rows(const struct csvfile *f)
{
	return f->rows;
}

long long
csvfile_bytes(const struct csvfile *f)
{
	return f->bytes + (long long)f->n;
}
