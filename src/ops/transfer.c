#include "ops/transfer.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* From here on a file uses several requests at once; smaller ones are many at once. */
#define BIG (16LL << 20)

/* --- the plan --- */

static void
add(void *mem, struct transfer *t, const char *path, const char *key, long long bytes)
{
	if (t->n % 1024 == 0)
		t->items = mem_grow(mem, t->items, struct transfer_item, t->n + 1024);
	t->items[t->n++] = (struct transfer_item){ path, key, bytes };
	t->bytes += bytes;
}

static int
item_compare(const void *a, const void *b)
{
	const struct transfer_item *x = a, *y = b;
	bool big_x = x->bytes > BIG, big_y = y->bytes > BIG;

	return big_x != big_y ? (int)big_y - (int)big_x : strcmp(x->key, y->key);
}

static void
sort(struct transfer *t)
{
	if (t->n)
		qsort(t->items, t->n, sizeof(*t->items), item_compare);
}

static const char *
last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool
is_folder(const char *text)
{
	return !*text || text[strlen(text) - 1] == '/';
}

static struct err *
walk(void *mem, const char *dir, const char *key, struct transfer *t)
{
	AUTO_MEM void *tmp = mem_root();
	char *const roots[] = { mem_strdup(tmp, dir), NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	size_t skip = strlen(dir);
	struct err *e = NULL;
	FTSENT *at;

	while (tree && !e && (at = fts_read(tree))) {
		const char *name = at->fts_path + skip + strspn(at->fts_path + skip, "/");
		bool bad = at->fts_info == FTS_NS || at->fts_info == FTS_DNR ||
			   at->fts_info == FTS_ERR;

		errno = at->fts_errno;
		if (bad)
			e = err_sys(ERR_DATA, "cannot read '%s'", at->fts_path);
		else if (at->fts_info == FTS_F && S_ISREG(at->fts_statp->st_mode))
			add(mem, t, mem_strdup(mem, at->fts_path),
			    mem_printf(mem, "%s%s%s", key, is_folder(key) ? "" : "/", name),
			    at->fts_statp->st_size);
		else if (at->fts_info != FTS_D && at->fts_info != FTS_DP)
			log_warn("'%s' is left out: it is no file", at->fts_path);
	}
	if (tree)
		fts_close(tree);
	return e;
}

struct err *
transfer_plan_up(void *mem, const char *path, const char *bucket, const char *key, bool recursive,
		 struct transfer *out)
{
	struct transfer t = { .bucket = bucket };
	struct stat st;

	if (stat(path, &st))
		return err_sys(ERR_NOTFOUND, "cannot read '%s'", path);
	if (recursive && !S_ISDIR(st.st_mode))
		return err_new(ERR_USAGE, "'%s' is no directory", path);
	if (!recursive && !S_ISREG(st.st_mode))
		return err_hint(err_new(ERR_USAGE, "'%s' is no file", path),
				"--recursive takes a directory");
	if (recursive)
		TRY(walk(mem, path, key, &t));
	else
		add(mem, &t, mem_strdup(mem, path),
		    is_folder(key) ? mem_printf(mem, "%s%s", key, last_name(path))
				   : mem_strdup(mem, key),
		    st.st_size);
	sort(&t);
	*out = t;
	return NULL;
}

/* A key comes from outside: it may not lead out of the directory. */
static struct err *
check_name(const char *bucket, const char *key, const char *name)
{
	for (const char *part = name;; part += strcspn(part, "/") + 1) {
		size_t n = strcspn(part, "/");
		bool dots = (n == 1 || n == 2) && !strncmp(part, "..", n);

		if (!n || n > NAME_MAX || dots)
			return err_hint(
				err_new(ERR_DATA, "'s3://%s/%s' is no name of a file", bucket, key),
				"get it alone, and name the file");
		if (!part[n])
			return NULL;
	}
}

static struct err *
plan_tree(void *mem, struct s3 *s3, const char *key, const char *path, struct transfer *t)
{
	char *prefix = mem_printf(mem, "%s%s", key, is_folder(key) ? "" : "/");
	struct s3_object *list;
	size_t n;

	TRY(s3_list(mem, s3, t->bucket, prefix, NULL, &list, &n));
	for (size_t i = 0; i < n; i++) {
		const char *name = list[i].key + strlen(prefix);

		if (!list[i].bytes && is_folder(list[i].key))
			continue; /* what consoles make for a folder */
		TRY(check_name(t->bucket, list[i].key, name));
		add(mem, t, mem_printf(mem, "%s%s%s", path, is_folder(path) ? "" : "/", name),
		    list[i].key, list[i].bytes);
	}
	if (n)
		return NULL;
	return err_new(ERR_NOTFOUND, "nothing is below 's3://%s/%s'", t->bucket, prefix);
}

struct err *
transfer_plan_down(void *mem, struct s3 *s3, const char *bucket, const char *key, const char *path,
		   bool recursive, struct transfer *out)
{
	struct transfer t = { .bucket = bucket };
	struct s3_object object;
	struct stat st;

	if (recursive) {
		TRY(plan_tree(mem, s3, key, path, &t));
	} else {
		bool in = is_folder(path) || (!stat(path, &st) && S_ISDIR(st.st_mode));

		TRY(s3_head(mem, s3, bucket, key, &object));
		if (in)
			TRY(check_name(bucket, key, last_name(key)));
		add(mem, &t,
		    in ? mem_printf(mem, "%s%s%s", path, is_folder(path) ? "" : "/", last_name(key))
		       : mem_strdup(mem, path),
		    mem_strdup(mem, key), object.bytes);
	}
	sort(&t);
	*out = t;
	return NULL;
}

/* --- the moving --- */

static struct err *
up_one(struct s3 *mine, void *arg, size_t i)
{
	const struct transfer *t = arg;
	const struct transfer_item *item = &t->items[i];

	return s3_put_file(mine, t->bucket, item->key, item->path, NULL, t->create);
}

static struct err *
down_one(struct s3 *mine, void *arg, size_t i)
{
	const struct transfer *t = arg;
	const struct transfer_item *item = &t->items[i];

	return s3_get_file(mine, t->bucket, item->key, NULL, item->path, NULL);
}

/* The big ones one after the other, each in parallel; then the others in parallel. */
static struct err *
move(struct s3 *s3, const struct transfer *t, s3_job *job)
{
	struct transfer rest = *t;

	while (rest.n && rest.items->bytes > BIG) {
		TRY(job(s3, &rest, 0));
		rest.items++;
		rest.n--;
	}
	return s3_each(s3, rest.n, job, &rest);
}

struct err *
transfer_up(struct s3 *s3, const struct transfer *t)
{
	return move(s3, t, up_one);
}

/* The directory above path, and those above it. */
static struct err *
make_parents(const char *path)
{
	AUTO_MEM char *dir = mem_strdup(NULL, path);

	for (char *slash = strchr(dir + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(dir, 0777) && errno != EEXIST)
			return err_sys(ERR_DATA, "cannot make the directory '%s'", dir);
		*slash = '/';
	}
	return NULL;
}

static bool
same_directory(const char *a, const char *b)
{
	size_t n = (size_t)(last_name(a) - a);

	return n == (size_t)(last_name(b) - b) && !strncmp(a, b, n);
}

struct err *
transfer_down(struct s3 *s3, const struct transfer *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (!i || !same_directory(t->items[i].path, t->items[i - 1].path))
			TRY(make_parents(t->items[i].path));
	}
	return move(s3, t, down_one);
}
