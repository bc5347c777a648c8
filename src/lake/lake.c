#include "lake/kind.h"

#include "base/digest.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FILE_MODE 0660

const char *const lake_buckets[] = {
	[LAKE_SOURCE] = "source",
	[LAKE_RAW] = "raw",
	[LAKE_PROCESSED] = "processed",
	[LAKE_LOG] = "log",
};

struct err *
lake_open(void *mem, const struct settings *settings, struct lake **out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *dir, *names[LAKE_LOG + 1];

	TRY(settings_need(settings, "lake_dir", &dir));
	if (strcmp(settings_get(settings, "lake"), "s3"))
		return lake_open_folder(mem, dir, out);
	for (int i = LAKE_SOURCE; i <= LAKE_LOG; i++)
		TRY(settings_need(settings, mem_printf(tmp, "%s_bucket", lake_buckets[i]),
				  &names[i]));
	return lake_open_s3(mem, dir, settings_get(settings, "region"), names, out);
}

/* --- names --- */

const char *
lake_local_dir(const struct lake *lake)
{
	return lake->dir;
}

char *
lake_path(void *mem, const struct lake *lake, enum lake_bucket bucket, const char *key)
{
	return mem_printf(mem, "%s/%s/%s", lake->dir, lake_buckets[bucket], key);
}

char *
lake_name(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key)
{
	return lake->kind->name(mem, lake, bucket, key);
}

struct err *
lake_check_key(const char *key)
{
	const char *part = key;

	while (true) {
		size_t n = strcspn(part, "/");

		if (!n || n > NAME_MAX || !strncmp(part, ".", n) || !strncmp(part, "..", n))
			return err_new(ERR_USAGE, "'%s' is no key of an object", key);
		if (!part[n])
			return NULL;
		part += n + 1;
	}
}

struct err *
lake_error(struct lake *lake, enum lake_bucket bucket, const char *key, const char *verb,
	   long long missing)
{
	AUTO_MEM void *tmp = mem_root();
	char *name = lake_name(tmp, lake, bucket, key);
	struct statvfs fs = { 0 };
	int why = errno;

	if (why != ENOSPC && why != EDQUOT) {
		bool absent = why == ENOENT || why == ENOTDIR;

		return err_sys(absent ? ERR_NOTFOUND : ERR_DATA, "cannot %s '%s'", verb, name);
	}
	statvfs(lake->dir, &fs);
	return err_hint(
		err_new(ERR_DATA, "cannot %s '%s': the disk is full: %lld bytes free, %lld missing",
			verb, name, (long long)fs.f_bavail * (long long)fs.f_frsize, missing),
		"make room under '%s'", lake->dir);
}

/* --- writing --- */

struct spool {
	struct lake_writer w; /* first: callers see only this */
	struct lake *lake;
	enum lake_bucket bucket;
	char *key;
	char *file; /* its temporary name */
	int fd;
	struct digest *digest;
};

static int
spool_destroy(struct spool *s)
{
	if (s->fd >= 0) {
		close(s->fd);
		unlink(s->file);
	}
	return 0;
}

static struct err *
spool_write(struct sink *self, const void *data, size_t n)
{
	struct spool *s = (struct spool *)self;
	const char *at = data;

	digest_update(s->digest, data, n);
	while (n) {
		ssize_t done = write(s->fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return lake_error(s->lake, s->bucket, s->key, "write", (long long)n);
		at += done;
		n -= (size_t)done;
		s->w.bytes += done;
	}
	return NULL;
}

struct err *
lake_create(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key,
	    struct lake_writer **out)
{
	struct spool *s = mem_new(mem, struct spool);

	*s = (struct spool){
		.w.sink.write = spool_write, .lake = lake, .bucket = bucket, .fd = -1
	};
	s->key = mem_strdup(s, key);
	s->digest = digest_new(s);
	struct err *e = lake_work_path(s, lake, bucket, key, &s->file);
	if (!e) {
		s->fd = open(s->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
		e = s->fd < 0 ? lake_error(lake, bucket, key, "create", 0) : NULL;
	}
	if (e) {
		mem_free(s);
		return e;
	}
	mem_on_free(s, spool_destroy);
	*out = &s->w;
	return NULL;
}

struct err *
lake_commit(struct lake_writer *w)
{
	struct spool *s = (struct spool *)w;

	if (fsync(s->fd))
		return lake_error(s->lake, s->bucket, s->key, "write", 0);
	digest_hex(s->digest, w->sha256);
	TRY(s->lake->kind->publish(s->lake, s->bucket, s->key, s->file, w->sha256));
	close(s->fd);
	s->fd = -1;
	return NULL;
}

struct err *
lake_adopt(struct lake *lake, enum lake_bucket bucket, const char *key, const char *work_path)
{
	TRY(lake_check_key(key));
	int fd = open(work_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return lake_error(lake, bucket, key, "adopt", 0);
	int bad = fsync(fd);
	struct err *e = bad ? lake_error(lake, bucket, key, "write", 0) : NULL;
	close(fd);
	return e ? e : lake->kind->publish(lake, bucket, key, work_path, NULL);
}

struct err *
lake_remove(struct lake *lake, enum lake_bucket bucket, const char *key)
{
	TRY(lake_check_key(key));
	return lake->kind->remove(lake, bucket, key);
}

/* --- reading --- */

struct err *
lake_log_path(void *mem, struct lake *lake, const char *key, char **path)
{
	TRY(lake_check_key(key));
	*path = lake_path(mem, lake, LAKE_LOG, key);
	return lake_make_parents(*path)
		       ? lake_error(lake, LAKE_LOG, key, "make the directory of", 0)
		       : NULL;
}

struct err *
lake_log_list(void *mem, struct lake *lake, const char *prefix, struct lake_object **list,
	      size_t *n)
{
	return lake_list_local(mem, lake, LAKE_LOG, prefix, list, n);
}

struct err *
lake_log_done(struct lake *lake, const char *key)
{
	return lake->kind->log_done(lake, key);
}

struct err *
lake_local_path(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key,
		const char *etag, char **path)
{
	TRY(lake_check_key(key));
	return lake->kind->fetch(mem, lake, bucket, key, etag, path);
}

struct err *
lake_read(void *mem, struct lake *lake, enum lake_bucket bucket, const char *key, size_t max,
	  struct strbuf *out)
{
	AUTO_MEM void *tmp = mem_root();
	char *path, part[8192];
	ssize_t n;

	TRY(lake_local_path(tmp, lake, bucket, key, NULL, &path));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return lake_error(lake, bucket, key, "read", 0);
	strbuf_init(out, mem, max);
	while ((n = read(fd, part, sizeof(part))) > 0 && !out->full)
		strbuf_add(out, part, (size_t)n);
	struct err *e = n < 0 ? lake_error(lake, bucket, key, "read", 0) : NULL;
	close(fd);
	if (!e && out->full)
		e = err_new(ERR_DATA, "'%s' is longer than %zu bytes",
			    lake_name(tmp, lake, bucket, key), max);
	return e;
}

struct err *
lake_list(void *mem, struct lake *lake, enum lake_bucket bucket, const char *prefix,
	  struct lake_object **list, size_t *n)
{
	if (*prefix == '/' || strstr(prefix, ".."))
		return err_new(ERR_USAGE, "'%s' begins no key", prefix);
	return lake->kind->list(mem, lake, bucket, prefix, list, n);
}
