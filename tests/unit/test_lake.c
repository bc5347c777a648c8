#include "lake/lake.h"

#include "base/thread.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* One lake for a test, in a directory of its own. */
struct fixture {
	char dir[64];
	struct lake *lake;
};

/* The four buckets "SOURCE RAW PROCESSED LOG" where the contract is tested on S3, else NULL. */
static const char *s3_names;

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* Another look at the fixture's lake, as another process has it. */
static struct err *
fixture_open(void *mem, struct fixture *f, struct lake **out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *names[4];
	char *text = s3_names ? mem_strdup(tmp, s3_names) : NULL, *rest = NULL;

	if (!s3_names)
		return lake_open_folder(mem, f->dir, out);
	for (size_t i = 0; i < 4; i++)
		names[i] = strtok_r(i ? NULL : text, " ", &rest);
	return lake_open_s3(mem, f->dir, NULL, names, out);
}

/* Buckets stay from test to test. */
static void
empty_buckets(struct fixture *f)
{
	struct lake *lake;

	assert_err(fixture_open(NULL, f, &lake), NULL);
	for (int b = LAKE_SOURCE; s3_names && b <= LAKE_LOG; b++) {
		AUTO_MEM void *tmp = mem_root();
		struct lake_object *list;
		size_t n;

		assert_err(lake_list(tmp, lake, (enum lake_bucket)b, "", &list, &n), NULL);
		for (size_t i = 0; i < n; i++)
			assert_err(lake_remove(lake, (enum lake_bucket)b, list[i].key), NULL);
	}
	mem_free(lake);
}

static void
fixture_end(struct fixture *f)
{
	mem_free(f->lake);
	nftw(f->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
fixture_begin(struct fixture *f)
{
	*f = (struct fixture){ .dir = "/tmp/bikeops lake [x].XXXXXX" };
	assert_non_null(mkdtemp(f->dir));
	empty_buckets(f);
	assert_err(fixture_open(NULL, f, &f->lake), NULL);
}

/* The object is not there, and the error names it. */
static void
assert_absent(struct fixture *f, enum lake_bucket bucket, const char *key)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf text;
	struct err *e = lake_read(tmp, f->lake, bucket, key, 99, &text);

	assert_non_null(e);
	assert_int_equal(e->code, ERR_NOTFOUND);
	assert_non_null(strstr(err_text(tmp, e), mem_printf(tmp, "cannot read '%s': ",
							    lake_name(tmp, f->lake, bucket, key))));
	err_free(e);
}

static struct err *
put(struct fixture *f, const char *key, const char *text)
{
	AUTO_MEM void *tmp = mem_root();
	struct lake_writer *w;

	TRY(lake_create(tmp, f->lake, LAKE_RAW, key, &w));
	TRY(w->sink.write(&w->sink, text, strlen(text)));
	return lake_commit(w);
}

struct key_row {
	const char *name;
	const char *key;
	bool good;
};

static const struct key_row key_rows[] = {
	{ "a name", "a", true },
	{ "folders", "2026/07/15/128-3fa9c1/a1/orders.csv", true },
	{ "dots within a name", "a..b/.c/d...", true },
	{ "space, quote, star", "a b/'c'/*", true },
	{ "empty", "", false },
	{ "leading slash", "/etc/passwd", false },
	{ "trailing slash", "a/", false },
	{ "two slashes", "a//b", false },
	{ "up", "../a", false },
	{ "up within", "a/../../b", false },
	{ "up at the end", "a/..", false },
	{ "here", "./a", false },
	{ "a name of 256 bytes",
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	  false },
};

static void
keys(void **state)
{
	const struct key_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	char *want = mem_printf(tmp, "'%s' is no key of an object", row->key);
	struct fixture f;
	struct strbuf text;

	fixture_begin(&f);
	assert_err(put(&f, row->key, "x"), row->good ? NULL : want);
	assert_err(lake_read(tmp, f.lake, LAKE_RAW, row->key, 9, &text), row->good ? NULL : want);
	fixture_end(&f);
}

static void
commit_counts_and_shows(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct lake_writer *w;
	struct strbuf text;
	struct fixture f;
	char *path;

	(void)state;
	fixture_begin(&f);
	assert_err(lake_create(tmp, f.lake, LAKE_LOG, "d/abc", &w), NULL);
	assert_err(w->sink.write(&w->sink, "a", 1), NULL);
	assert_err(w->sink.write(&w->sink, "bc", 2), NULL);
	assert_absent(&f, LAKE_LOG, "d/abc");
	assert_err(lake_commit(w), NULL);
	assert_int_equal(w->bytes, 3);
	assert_string_equal(w->sha256,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	mem_free(w);
	assert_err(lake_read(tmp, f.lake, LAKE_LOG, "d/abc", 3, &text), NULL);
	assert_string_equal(text.s, "abc");
	assert_err(lake_read(tmp, f.lake, LAKE_LOG, "d/abc", 2, &text),
		   mem_printf(tmp, "'%s' is longer than 2 bytes",
			      lake_name(tmp, f.lake, LAKE_LOG, "d/abc")));
	assert_err(lake_local_path(tmp, f.lake, LAKE_LOG, "d/abc", NULL, &path), NULL);
	assert_int_equal(strncmp(path, lake_local_dir(f.lake), strlen(lake_local_dir(f.lake))), 0);
	if (!s3_names)
		assert_string_equal(path, mem_printf(tmp, "%s/log/d/abc", f.dir));
	fixture_end(&f);
}

static void
an_object_is_never_replaced(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf text;
	struct fixture f;

	(void)state;
	fixture_begin(&f);
	assert_err(put(&f, "a", "first"), NULL);
	assert_err(put(&f, "a", "second"),
		   mem_printf(tmp, "'%s' is already there", lake_name(tmp, f.lake, LAKE_RAW, "a")));
	assert_err(lake_read(tmp, f.lake, LAKE_RAW, "a", 9, &text), NULL);
	assert_string_equal(text.s, "first");
	fixture_end(&f);
}

/* Directories in dir. */
static size_t
folders(const char *dir)
{
	struct stat st;

	assert_int_equal(stat(dir, &st), 0);
	return st.st_nlink - 2;
}

static void
unfinished_files_go(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct lake_object *list;
	struct lake_writer *w;
	struct fixture f;
	char *work, *dead;
	size_t n;

	(void)state;
	fixture_begin(&f);
	dead = mem_printf(tmp, "%s/.work/dead", f.dir);
	assert_true(!mkdir(mem_printf(tmp, "%s/.work", f.dir), 0700) || errno == EEXIST);
	assert_int_equal(mkdir(dead, 0700), 0);
	assert_err(lake_create(tmp, f.lake, LAKE_RAW, "a", &w), NULL);
	assert_int_equal(access(dead, F_OK), -1);
	assert_err(w->sink.write(&w->sink, "x", 1), NULL);
	mem_free(w);
	assert_err(lake_work_path(tmp, f.lake, LAKE_RAW, "b/c", &work), NULL);
	close(open(work, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_err(lake_list(tmp, f.lake, LAKE_RAW, "", &list, &n), NULL);
	assert_int_equal(n, 0);
	assert_int_equal(folders(mem_printf(tmp, "%s/.work", f.dir)), 1);
	mem_free(f.lake);
	f.lake = NULL;
	assert_int_equal(folders(mem_printf(tmp, "%s/.work", f.dir)), 0);
	fixture_end(&f);
}

/* Another process at work in the same lake keeps its files. */
static void
others_keep_their_work(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct lake_writer *a, *b;
	struct lake *second;
	struct strbuf text;
	struct fixture f;

	(void)state;
	fixture_begin(&f);
	assert_err(fixture_open(tmp, &f, &second), NULL);
	assert_err(lake_create(tmp, f.lake, LAKE_RAW, "a", &a), NULL);
	assert_err(lake_create(tmp, second, LAKE_RAW, "b", &b), NULL);
	assert_err(lake_commit(a), NULL);
	assert_err(lake_commit(b), NULL);
	mem_free(second);
	assert_err(lake_read(tmp, f.lake, LAKE_RAW, "b", 9, &text), NULL);
	assert_int_equal(text.len, 0);
	fixture_end(&f);
}

static void
adopts(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf text;
	struct fixture f;
	char *work;

	(void)state;
	fixture_begin(&f);
	assert_err(lake_work_path(tmp, f.lake, LAKE_PROCESSED, "x/y.parquet", &work), NULL);
	FILE *file = fopen(work, "we");
	fputs("rows", file);
	fclose(file);
	assert_err(lake_adopt(f.lake, LAKE_PROCESSED, "x/y.parquet", work), NULL);
	assert_int_equal(access(work, F_OK), -1);
	assert_err(lake_read(tmp, f.lake, LAKE_PROCESSED, "x/y.parquet", 9, &text), NULL);
	assert_string_equal(text.s, "rows");
	fixture_end(&f);
}

/* What one process wrote another reads, whole; what it took away is gone. */
static void
others_see_objects(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct lake *second;
	struct strbuf text;
	struct fixture f;
	char *path;

	(void)state;
	fixture_begin(&f);
	assert_err(put(&f, "d/a", "one"), NULL);
	assert_err(fixture_open(tmp, &f, &second), NULL);
	assert_err(lake_read(tmp, second, LAKE_RAW, "d/a", 9, &text), NULL);
	assert_string_equal(text.s, "one");
	assert_err(lake_local_path(tmp, second, LAKE_RAW, "d/a", NULL, &path), NULL);
	assert_int_equal(access(path, R_OK), 0);
	assert_err(lake_remove(f.lake, LAKE_RAW, "d/a"), NULL);
	assert_err(lake_remove(f.lake, LAKE_RAW, "d/a"), NULL);
	assert_absent(&f, LAKE_RAW, "d/a");
	assert_err(put(&f, "d/a", "two"), NULL);
	assert_err(lake_read(tmp, f.lake, LAKE_RAW, "d/a", 9, &text), NULL);
	assert_string_equal(text.s, "two");
	mem_free(second);
	fixture_end(&f);
}

/* A log shows here while it grows, and in other lakes once it is done. */
static void
logs_grow(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct fixture f, elsewhere = { 0 };
	struct lake_object *list;
	struct strbuf text;
	char *path;
	size_t n;

	(void)state;
	fixture_begin(&f);
	assert_err(lake_log_path(tmp, f.lake, "run-log/1/a.log", &path), NULL);
	FILE *file = fopen(path, "we");
	fputs("begun\n", file);
	fclose(file);
	assert_err(lake_read(tmp, f.lake, LAKE_LOG, "run-log/1/a.log", 99, &text), NULL);
	assert_string_equal(text.s, "begun\n");
	assert_err(lake_list(tmp, f.lake, LAKE_LOG, "run-log/", &list, &n), NULL);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].key, "run-log/1/a.log");
	assert_err(lake_log_done(f.lake, "run-log/1/a.log"), NULL);
	assert_err(lake_list(tmp, f.lake, LAKE_LOG, "run-log/", &list, &n), NULL);
	assert_int_equal(n, 1);
	memcpy(elsewhere.dir, s3_names ? "/tmp/bikeops lake [y].XXXXXX" : f.dir, 29);
	assert_true(!s3_names || mkdtemp(elsewhere.dir));
	assert_err(fixture_open(NULL, &elsewhere, &elsewhere.lake), NULL);
	assert_err(lake_read(tmp, elsewhere.lake, LAKE_LOG, "run-log/1/a.log", 99, &text), NULL);
	assert_string_equal(text.s, "begun\n");
	fixture_end(&elsewhere);
	fixture_end(&f);
}

struct list_row {
	const char *name;
	const char *prefix;
	const char *want;
};

static const struct list_row list_rows[] = {
	{ "all, by bytes of the key", "", "a-b a.b a/a a/z/q b" },
	{ "a folder", "a/", "a/a a/z/q" },
	{ "the beginning of a name", "a/z", "a/z/q" },
	{ "beginnings are no folders", "a", "a-b a.b a/a a/z/q" },
	{ "one object", "b", "b" },
	{ "nothing", "c", "" },
	{ "a folder that is not there", "c/d/", "" },
	{ "an object as a folder", "b/c", "" },
};

static void
lists(void **state)
{
	const struct list_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	static const char *const all[] = { "b", "a/z/q", "a.b", "a/a", "a-b" };
	struct lake_object *list;
	struct strbuf got;
	struct fixture f;
	size_t n;

	fixture_begin(&f);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		assert_err(put(&f, all[i], all[i]), NULL);
	assert_err(lake_list(tmp, f.lake, LAKE_RAW, row->prefix, &list, &n), NULL);
	strbuf_init(&got, tmp, 99);
	for (size_t i = 0; i < n; i++) {
		strbuf_printf(&got, "%s%s", i ? " " : "", list[i].key);
		assert_int_equal(list[i].bytes, strlen(list[i].key));
	}
	assert_string_equal(got.s, row->want);
	fixture_end(&f);
}

static void
lists_no_way_out(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct lake_object *list;
	struct fixture f;
	size_t n;

	(void)state;
	fixture_begin(&f);
	assert_err(lake_list(tmp, f.lake, LAKE_RAW, "../log/", &list, &n),
		   "'../log/' begins no key");
	assert_err(lake_list(tmp, f.lake, LAKE_RAW, "/etc/", &list, &n), "'/etc/' begins no key");
	fixture_end(&f);
}

struct many {
	struct fixture *f;
	char letter;
};

static struct err *
write_many(void *arg)
{
	const struct many *m = arg;

	for (int i = 0; i < 20; i++) {
		AUTO_MEM char *key = mem_printf(NULL, "d/%c%d", m->letter, i);

		TRY(put(m->f, key, key));
	}
	return NULL;
}

static void
threads_write_at_once(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	struct lake_object *list;
	struct fixture f;
	size_t n;

	(void)state;
	fixture_begin(&f);
	struct many a = { &f, 'a' }, b = { &f, 'b' };
	struct thread *ta = thread_start(NULL, write_many, &a);
	struct thread *tb = thread_start(NULL, write_many, &b);
	assert_err(thread_join(ta), NULL);
	assert_err(thread_join(tb), NULL);
	assert_err(lake_list(tmp, f.lake, LAKE_RAW, "d/", &list, &n), NULL);
	assert_int_equal(n, 40);
	fixture_end(&f);
}

static void
modes_let_the_group_in(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	mode_t old = umask(007);
	struct fixture f;
	struct stat st;

	(void)state;
	fixture_begin(&f);
	assert_int_equal(chmod(mem_printf(tmp, "%s/raw", f.dir), 02770), 0);
	assert_err(put(&f, "d/a", "x"), NULL);
	assert_int_equal(stat(mem_printf(tmp, "%s/raw/d", f.dir), &st), 0);
	assert_int_equal(st.st_mode & 07777, 02770);
	assert_int_equal(stat(mem_printf(tmp, "%s/raw/d/a", f.dir), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	umask(old);
	fixture_end(&f);
}

static void
a_lake_that_cannot_be(void **state)
{
	struct lake *lake;

	(void)state;
	assert_err(lake_open_folder(NULL, "/dev/null/lake", &lake),
		   "cannot make the lake's directory '/dev/null/lake/source/': Not a directory");
}

/* A disk of its own, which only root can make. */
static void
a_full_disk(void **state)
{
	(void)state;
	if (geteuid() || unshare(CLONE_NEWNS) || mount("", "/", "", MS_PRIVATE | MS_REC, ""))
		skip(); /* which frees nothing */

	AUTO_MEM void *tmp = mem_root();
	char *block = mem_array(tmp, char, 1 << 17);
	struct lake_writer *w;
	struct fixture f;

	f = (struct fixture){ .dir = "/tmp/bikeops-full.XXXXXX" };
	assert_non_null(mkdtemp(f.dir));
	assert_int_equal(mount("none", f.dir, "tmpfs", 0, "size=64k"), 0);
	assert_err(lake_open_folder(NULL, f.dir, &f.lake), NULL);
	assert_err(lake_create(tmp, f.lake, LAKE_RAW, "a", &w), NULL);
	assert_err(w->sink.write(&w->sink, block, 1 << 17),
		   mem_printf(tmp,
			      "cannot write 'folder://%s/raw/a': the disk is full: "
			      "0 bytes free, 65536 missing",
			      f.dir));
	mem_free(w);
	assert_err(put(&f, "a", "fits again"), NULL);
	mem_free(f.lake);
	umount(f.dir);
	rmdir(f.dir);
}

int
main(void)
{
	struct unit u = { 0 };

	s3_names = getenv("BIKEOPS_TEST_BUCKETS");
	UNIT_ROWS(&u, keys, key_rows);
	UNIT(&u, commit_counts_and_shows);
	UNIT(&u, an_object_is_never_replaced);
	UNIT(&u, unfinished_files_go);
	UNIT(&u, others_keep_their_work);
	UNIT(&u, others_see_objects);
	UNIT(&u, adopts);
	UNIT(&u, logs_grow);
	UNIT_ROWS(&u, lists, list_rows);
	UNIT(&u, lists_no_way_out);
	UNIT(&u, threads_write_at_once);
	if (!s3_names) {
		UNIT(&u, modes_let_the_group_in);
		UNIT(&u, a_lake_that_cannot_be);
		UNIT(&u, a_full_disk);
	}
	return unit_run(&u, s3_names ? "lake on S3" : "lake");
}
