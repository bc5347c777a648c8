#include "view/logs.h"

#include "base/mem.h"
#include "lake/lake.h"
#include "view/logmirror.h"
#include "view/runs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOGS_ROOT	"run-log/"
#define LOGS_WORKER	"worker"
#define MIRROR_BUDGET_S 30
#define LOGS_CHUNK	((off_t)64 << 20) /* read of one file at once */

struct log_file {
	const char *key;
	const char *task;
	off_t read;
	bool cut;      /* what is read next begins within a line */
	char time[21]; /* of its last stamped line: the lines below belong to it */
	char level[8];
};

struct log_row {
	const char *time, *level, *task, *message;
	size_t place;
};

struct logs {
	struct lake *lake;
	struct logmirror *mirror; /* of what others write, or NULL */
	long long run;
	const char *only;
	struct log_file *files; /* [n] in the order they were begun, the worker's last */
	size_t n;
	struct log_row *before; /* [n_before] what the last call gave */
	size_t n_before;
	void *before_mem;
};

void
logs_parse(const char *line, struct log_text *out)
{
	static const char *const levels[] = { "error", "warning", "info", "debug" };
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ ";

	*out = (struct log_text){ .message = line };
	for (size_t i = 0; form[i]; i++) {
		if (form[i] == 'd' ? line[i] < '0' || line[i] > '9' : line[i] != form[i])
			return;
	}
	for (size_t i = 0; i < 4; i++) {
		size_t len = strlen(levels[i]);

		if (strncmp(line + 21, levels[i], len) || line[21 + len] != ' ')
			continue;
		memcpy(out->time, line, 20);
		memcpy(out->level, levels[i], len);
		out->message = line + 22 + len;
	}
}

/* "run-log/128/extract.a1.log" is extract's. */
static char *
task_of(void *mem, const char *key)
{
	const char *name = strrchr(key, '/') + 1;

	return mem_strndup(mem, name, strcspn(name, "."));
}

/* Not what a mirror keeps beside it. */
static bool
is_log(const char *key)
{
	const char *name = strrchr(key, '/') + 1;
	size_t n = strlen(name);

	return *name != '.' && n > 4 && !strcmp(name + n - 4, ".log");
}

static bool
logs_known(const struct logs *logs, const char *key)
{
	for (size_t i = 0; i < logs->n; i++) {
		if (!strcmp(logs->files[i].key, key))
			return true;
	}
	return false;
}

struct begun {
	const char *key;
	struct timespec at;
};

static struct timespec
written_at(struct lake *lake, const char *key)
{
	AUTO_MEM void *tmp = mem_root();
	struct stat st = { 0 };
	char *path;
	struct err *e = lake_log_path(tmp, lake, key, &path);

	if (!e)
		stat(path, &st);
	err_free(e);
	return st.st_mtim;
}

/* Tasks follow each other: the one written first was begun first. */
static int
begun_compare(const void *a, const void *b)
{
	const struct timespec *x = &((const struct begun *)a)->at,
			      *y = &((const struct begun *)b)->at;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? -1 : 1;
	return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

static void
logs_add(struct logs *logs, const char *key)
{
	char *task = task_of(logs, key);

	if (logs->only && strcmp(logs->only, task))
		return;
	logs->files = mem_grow(logs, logs->files, struct log_file, logs->n + 1);
	logs->files[logs->n++] = (struct log_file){ .key = mem_strdup(logs, key), .task = task };
}

static struct err *
logs_discover(struct logs *logs)
{
	AUTO_MEM void *tmp = mem_root();
	char *prefix = mem_printf(tmp, LOGS_ROOT "%lld/", logs->run);
	struct lake_object *list;
	size_t n, found = 0;

	TRY(lake_log_list(tmp, logs->lake, prefix, &list, &n));
	struct begun *begun = mem_array(tmp, struct begun, n);
	for (size_t i = 0; i < n; i++) {
		if (is_log(list[i].key) && !logs_known(logs, list[i].key))
			begun[found++] =
				(struct begun){ list[i].key, written_at(logs->lake, list[i].key) };
	}
	qsort(begun, found, sizeof(*begun), begun_compare);
	for (size_t i = 0; i < found; i++)
		logs_add(logs, begun[i].key);
	return NULL;
}

/* --- reading --- */

struct reading {
	void *mem;
	struct log_row *rows;
	size_t n;
};

static void
reading_line(struct reading *r, struct log_file *f, bool worker, char *line)
{
	struct log_text text;

	logs_parse(line, &text);
	if (text.time[0]) {
		memcpy(f->time, text.time, sizeof(f->time));
		memcpy(f->level, text.level, sizeof(f->level));
	}
	if (r->n % 1024 == 0)
		r->rows = mem_grow(r->mem, r->rows, struct log_row, r->n + 1024);
	r->rows[r->n] = (struct log_row){
		.time = mem_strdup(r->mem, f->time),
		.level = mem_strdup(r->mem, f->level),
		.task = f->task,
		.message = mem_strdup(r->mem, text.message),
		.place = r->n + (worker ? (size_t)1 << 40 : 0),
	};
	r->n++;
}

static struct err *
file_open(void *mem, struct logs *logs, const struct log_file *f, char **path, int *fd,
	  struct stat *st)
{
	TRY(lake_log_path(mem, logs->lake, f->key, path));
	*fd = open(*path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return err_sys(ERR_NOTFOUND, "cannot open '%s'", *path);
	fstat(*fd, st);
	return NULL;
}

/* What was written behind what was read. */
static struct err *
file_rest(void *mem, struct logs *logs, const struct log_file *f, char **text, ssize_t *n)
{
	struct stat st = { 0 };
	char *path;
	int fd;

	TRY(file_open(mem, logs, f, &path, &fd, &st));
	off_t left = st.st_size > f->read ? st.st_size - f->read : 0;
	left = left < LOGS_CHUNK ? left : LOGS_CHUNK;
	*text = mem_array(mem, char, left + 1);
	*n = pread(fd, *text, (size_t)left, f->read);
	close(fd);
	return *n < 0 ? err_sys(ERR_DATA, "cannot read '%s'", path) : NULL;
}

/* Whole lines: one without its end waits for the next time. */
static struct err *
reading_file(struct reading *r, struct logs *logs, struct log_file *f)
{
	AUTO_MEM void *tmp = mem_root();
	bool worker = !strcmp(f->task, LOGS_WORKER);
	char *text, *end;
	ssize_t n;

	TRY(file_rest(tmp, logs, f, &text, &n));
	const char *stop = text + n;
	for (; (end = memchr(text, '\n', (size_t)(stop - text))); text = end + 1) {
		*end = '\0';
		if (!f->cut)
			reading_line(r, f, worker, text);
		f->cut = false;
		f->read += end + 1 - text;
	}
	return NULL;
}

struct err *
logs_skip(struct logs *logs, struct rows *cut)
{
	for (size_t i = 0; i < logs->n; i++) {
		AUTO_MEM void *tmp = mem_root();
		struct log_file *f = &logs->files[i];
		struct stat st = { 0 };
		char *path;
		int fd;

		TRY(file_open(tmp, logs, f, &path, &fd, &st));
		close(fd);
		if (st.st_size <= LOGS_CHUNK)
			continue;
		f->read = st.st_size - LOGS_CHUNK;
		f->cut = true;
		rows_add(cut, (const char *const[]){
				      NULL, NULL, f->task,
				      mem_printf(tmp, "cut: its first %lld bytes were not read",
						 (long long)f->read) });
	}
	return NULL;
}

static int
row_compare(const void *a, const void *b)
{
	const struct log_row *x = a, *y = b;
	int order = strcmp(x->time, y->time);

	return order ? order : (x->place > y->place) - (x->place < y->place);
}

static bool
row_again(const struct log_row *row, const struct log_row *rows, size_t n)
{
	bool worker = !strcmp(row->task, LOGS_WORKER);

	while (n-- && !strcmp(rows[n].time, row->time)) {
		if (worker != !strcmp(rows[n].task, LOGS_WORKER) &&
		    !strcmp(rows[n].message, row->message))
			return true;
	}
	return false;
}

static struct rows *
logs_rows(void *mem, struct logs *logs, const struct reading *r)
{
	static const char *const names[] = { "time", "level", "task", "message" };
	struct rows *out = rows_new(mem, 4);

	for (size_t i = 0; i < 4; i++)
		rows_column(out, i, names[i], ROWS_TEXT);
	for (size_t i = 0; i < r->n; i++) {
		const struct log_row *row = &r->rows[i];
		const char *cells[] = { *row->time ? row->time : NULL,
					*row->level ? row->level : NULL, row->task, row->message };

		if (!row_again(row, r->rows, i) && !row_again(row, logs->before, logs->n_before))
			rows_add(out, cells);
	}
	return out;
}

struct err *
logs_next(void *mem, struct logs *logs, struct rows **out)
{
	struct reading r = { .mem = mem_child(logs) };

	if (logs->mirror)
		TRY(logmirror_look(logs->mirror));
	TRY(logs_discover(logs));
	for (size_t i = 0; i < logs->n; i++)
		TRY(reading_file(&r, logs, &logs->files[i]));
	if (r.n)
		qsort(r.rows, r.n, sizeof(*r.rows), row_compare);
	*out = logs_rows(mem, logs, &r);
	if (r.n) {
		mem_free(logs->before_mem);
		logs->before_mem = r.mem;
		logs->before = r.rows;
		logs->n_before = r.n;
	} else {
		mem_free(r.mem);
	}
	return NULL;
}

static struct err *
logs_newest(struct lake *lake, long long *run)
{
	AUTO_MEM void *tmp = mem_root();
	struct lake_object *list;
	size_t n;

	*run = 0;
	TRY(lake_log_list(tmp, lake, LOGS_ROOT, &list, &n));
	for (size_t i = 0; i < n; i++) {
		long long id = strtoll(list[i].key + strlen(LOGS_ROOT), NULL, 10);

		*run = id > *run ? id : *run;
	}
	if (!*run)
		return err_hint(err_new(ERR_NOTFOUND, "no run has left a log"),
				"'bikeops runs' lists the runs");
	return NULL;
}

/* Where the lake is S3. */
static struct err *
logs_mirror(struct logs *logs, const struct settings *settings)
{
	AUTO_MEM void *tmp = mem_root();
	struct ledger *ledger;
	const char *airflow;

	if (strcmp(settings_get(settings, "lake"), "s3") != 0)
		return NULL;
	TRY(ledger_open_read(tmp, settings, &ledger));
	TRY(runs_airflow(tmp, ledger, logs->run, &airflow));
	TRY(logmirror_open(logs, settings, logs->run, airflow, MIRROR_BUDGET_S, &logs->mirror));
	return logmirror_look(logs->mirror);
}

struct err *
logs_open(void *mem, const struct settings *settings, long long run, const char *task,
	  struct logs **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct logs *logs = mem_new(tmp, struct logs);

	TRY(lake_open(logs, settings, &logs->lake));
	logs->run = run;
	if (!run)
		TRY(logs_newest(logs->lake, &logs->run));
	logs->only = task ? mem_strdup(logs, task) : NULL;
	TRY(logs_mirror(logs, settings));
	TRY(logs_discover(logs));
	if (!logs->n && task)
		return err_new(ERR_NOTFOUND, "run %lld has no log of a task '%s'", logs->run, task);
	if (!logs->n)
		return err_hint(err_new(ERR_NOTFOUND, "there is no log of a run %lld", logs->run),
				"'bikeops runs' lists the runs");
	mem_move(mem, logs);
	*out = logs;
	return NULL;
}

long long
logs_run(const struct logs *logs)
{
	return logs->run;
}
