#include "run/joblog.h"

#include "base/log.h"
#include "base/mem.h"

#include <fcntl.h>
#include <unistd.h>

struct joblog {
	int fd;
	struct lake *lake;
	const char *key;
};

static int
joblog_destroy(struct joblog *log)
{
	AUTO_MEM void *tmp = mem_root();

	log_tee(-1);
	close(log->fd);
	struct err *e = lake_log_done(log->lake, log->key);
	if (e)
		log_warn("%s", err_text(tmp, e));
	err_free(e);
	return 0;
}

struct err *
joblog_open(void *mem, struct run *run, const char *task, struct joblog **out)
{
	AUTO_MEM void *tmp = mem_root();
	const char *key = mem_printf(tmp, "run-log/%lld/%s.a%d.log", run->id, task, run->attempt);
	struct lake *lake;
	char *path;

	TRY(run_lake(run, &lake));
	TRY(lake_log_path(tmp, lake, key, &path));
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0660);
	if (fd < 0)
		return err_sys(ERR_CONFIG, "cannot write the log '%s'", path);
	struct joblog *log = mem_new(mem, struct joblog);
	log->fd = fd;
	log->lake = lake;
	log->key = mem_strdup(log, key);
	mem_on_free(log, joblog_destroy);
	log_tee(fd);
	*out = log;
	return NULL;
}
