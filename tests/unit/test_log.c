#include "base/log.h"

#include "base/thread.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* stderr and the tee go to files while a row talks. */
static char *
heard(void *mem, int fd)
{
	char *text = mem_array(mem, char, 20000);
	ssize_t n = pread(fd, text, 19999, 0);

	assert_true(n >= 0);
	close(fd);
	return text;
}

static int
scratch_file(void)
{
	return open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static void
say(void (*talk)(void), void *mem, char **err, char **tee)
{
	int old = dup(STDERR_FILENO), fd = scratch_file(), tee_fd = tee ? scratch_file() : -1;

	assert_true(old >= 0 && fd >= 0);
	dup2(fd, STDERR_FILENO);
	log_tee(tee_fd);
	talk();
	log_tee(-1);
	dup2(old, STDERR_FILENO);
	close(old);
	*err = heard(mem, fd);
	if (tee)
		*tee = heard(mem, tee_fd);
}

static void
all_levels(void)
{
	log_line(LOG_ERROR, "e %d", 1);
	log_warn("w");
	log_info("i");
	log_debug("d");
}

static void
hostile(void)
{
	log_info("a\033[2Jb\nc");
}

static void
too_long(void)
{
	char *text = mem_array(NULL, char, 10000);

	memset(text, 'x', 9999);
	log_info("%s", text);
	mem_free(text);
}

static void
error_with_hint(void)
{
	struct err *e = err_hint(err_new(ERR_DATA, "b"), "mend it");

	e = err_wrap(e, "a");
	log_err(e);
	err_free(e);
}

static void
error_alone(void)
{
	struct err *e = err_new(ERR_DATA, "b");

	log_err(e);
	err_free(e);
}

static void
status_line(void)
{
	log_status("half done");
	log_info("i");
	log_status("");
}

struct say_row {
	const char *name;
	void (*talk)(void);
	enum log_level level;
	bool stamped;
	const char *err; /* regular expression of all */
};

#define STAMP "20[0-9-]{8}T[0-9:]{8}Z "

static const struct say_row say_rows[] = {
	{ "errors", all_levels, LOG_ERROR, false, "^e 1\n$" },
	{ "info", all_levels, LOG_INFO, false, "^e 1\nw\ni\n$" },
	{ "debug", all_levels, LOG_DEBUG, false, "^e 1\nw\ni\nd\n$" },
	{ "stamped", all_levels, LOG_WARN, true, "^" STAMP "error e 1\n" STAMP "warning w\n$" },
	{ "harmless to a terminal", hostile, LOG_INFO, false, "^a\\^\\[\\[2Jb\\^Jc\n$" },
	{ "cut, but with its line end", too_long, LOG_INFO, false, "^x*\n$" },
	{ "error with hint", error_with_hint, LOG_INFO, false, "^bikeops: a: b\n  mend it\n$" },
	{ "error alone", error_alone, LOG_INFO, false, "^bikeops: b\n$" },
	{ "where it was raised", error_with_hint, LOG_DEBUG, false,
	  "^bikeops: a: b\n  mend it\n  raised at .*test_log.c:[0-9]+: a\n"
	  "  raised at .*test_log.c:[0-9]+: b\n$" },
	{ "no status without a terminal", status_line, LOG_INFO, false, "^i\n$" },
	{ "no status when stamped", status_line, LOG_INFO, true, "^" STAMP "info i\n$" },
};

static void
assert_matches(const char *text, const char *expression)
{
	regex_t re;

	assert_int_equal(regcomp(&re, expression, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, text, 0, NULL, 0))
		assert_string_equal(text, expression);
	regfree(&re);
}

static void
says(void **state)
{
	const struct say_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	char *err;

	log_setup(row->level, row->stamped);
	assert_int_equal(log_threshold(), row->level);
	say(row->talk, tmp, &err, NULL);
	assert_matches(err, row->err);
}

static void
tee_hears_all(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	char *err, *tee;

	(void)state;
	log_setup(LOG_WARN, false);
	say(all_levels, tmp, &err, &tee);
	assert_matches(err, "^e 1\nw\n$");
	assert_matches(tee, "^" STAMP "error e 1\n" STAMP "warning w\n" STAMP "info i\n" STAMP
			    "debug d\n$");
}

static void
file_only(void)
{
	log_file(LOG_ERROR, "e\033");
}

static void
file_hears_what_people_do_not(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	char *err, *tee;

	(void)state;
	log_setup(LOG_DEBUG, false);
	say(file_only, tmp, &err, &tee);
	assert_string_equal(err, "");
	assert_matches(tee, "^" STAMP "error e\\^\\[\n$");
	say(file_only, tmp, &err, NULL);
	assert_string_equal(err, "");
}

static void
status_on_a_terminal(void **state)
{
	static const char want[] = "\r\033[K\033[?7lhalf done\033[?7h\r\033[Ki\r\n\r\033[K";
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), old = dup(STDERR_FILENO), slave;
	char name[64], text[256] = { 0 };

	(void)state;
	assert_true(master >= 0 && !grantpt(master) && !unlockpt(master));
	assert_int_equal(ptsname_r(master, name, sizeof(name)), 0);
	slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	dup2(slave, STDERR_FILENO);
	log_setup(LOG_INFO, false);
	status_line();
	log_setup(LOG_INFO, true);
	log_status("never when stamped");
	log_setup(LOG_INFO, false);
	dup2(old, STDERR_FILENO);
	close(old);
	for (size_t n = 0, got = 1; n < strlen(want) && got; n += got)
		got = (size_t)read(master, text + n, sizeof(text) - 1 - n);
	assert_string_equal(text, want);
	close(slave);
	close(master);
}

/* --- while the tee changes --- */

static atomic_bool tee_done;

static struct err *
talk_on(void *arg)
{
	(void)arg;
	while (!atomic_load(&tee_done)) {
		log_debug("beside");
		log_file(LOG_INFO, "beside");
	}
	return NULL;
}

/* Its file is closed, and the number is another's, while other threads talk. */
static void
tee_ends_under_others(void **state)
{
	AUTO_MEM void *tmp = mem_root();

	(void)state;
	log_setup(LOG_INFO, false);
	struct thread *t = thread_start(tmp, talk_on, NULL);
	for (int i = 0; i < 500; i++) {
		int fd = scratch_file(), other;

		log_tee(fd);
		log_file(LOG_INFO, "mine");
		log_tee(-1);
		assert_int_equal(close(fd), 0);
		other = scratch_file();
		assert_int_equal(lseek(other, 0, SEEK_END), 0);
		close(other);
	}
	atomic_store(&tee_done, true);
	assert_err(thread_join(t), NULL);
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, says, say_rows);
	UNIT(&u, tee_hears_all);
	UNIT(&u, file_hears_what_people_do_not);
	UNIT(&u, status_on_a_terminal);
	UNIT(&u, tee_ends_under_others);
	return unit_run(&u, "log");
}
