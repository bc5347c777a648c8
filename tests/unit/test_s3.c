/* Transfers of S3 with their threads, against a small server on this machine. */
#include "remote/s3.h"

#include "base/thread.h"
#include "base/time.h"
#include "engine/emr.h"
#include "engine/emr_log.h"
#include "remote/s3_call.h"

#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES	 (5LL * S3_PART / 2)
#define HEAD_MAX 16384
#define OBJECTS	 40
#define XML	 "<?xml version=\"1.0\"?>"
#define CONTENTS "<Contents><Key>a%2Bb</Key><Size>7</Size></Contents>"

/* --- the server: one object, whatever its key --- */

static struct {
	int fd;
	struct mutex *lock; /* of what follows */
	char object[BYTES];
	int fail;	  /* so many requests are answered by 503 */
	bool whole;	  /* a range is not heeded */
	const char *text; /* the answer to each GET */
} server;

struct request {
	char head[HEAD_MAX + 1];
	char method[8], path[512];
	long long bytes; /* of the body */
};

static bool
send_all(int fd, const void *data, size_t n)
{
	for (const char *at = data; n;) {
		ssize_t done = send(fd, at, n, MSG_NOSIGNAL);

		if (done <= 0)
			return false;
		at += done;
		n -= (size_t)done;
	}
	return true;
}

static bool
answer(int fd, int status, const char *headers, const char *body, size_t n, bool with_body)
{
	AUTO_MEM char *head = mem_printf(NULL,
					 "HTTP/1.1 %d x\r\nContent-Length: %zu\r\n"
					 "ETag: \"e\"\r\n%s\r\n",
					 status, n, headers);

	return send_all(fd, head, strlen(head)) && (!with_body || send_all(fd, body, n));
}

/* The body of a part goes to its place, any other nowhere. */
static bool
take_body(int fd, const struct request *r)
{
	AUTO_MEM char *body = mem_array(NULL, char, r->bytes + 1);
	const char *part = strstr(r->path, "partNumber=");
	long long at = part ? (strtoll(part + 11, NULL, 10) - 1) * S3_PART : BYTES;

	for (long long got = 0; got < r->bytes;) {
		ssize_t n = recv(fd, body + got, (size_t)(r->bytes - got), 0);

		if (n <= 0)
			return false;
		got += n;
	}
	mutex_lock(server.lock);
	if (at + r->bytes <= BYTES)
		memcpy(server.object + at, body, (size_t)r->bytes);
	mutex_unlock(server.lock);
	return true;
}

static bool
give_object(int fd, const struct request *r)
{
	const char *range = strstr(r->head, "range: bytes=");
	long long from = 0, to = BYTES - 1;
	char headers[128] = "";
	bool part = range && !server.whole;

	if (part && sscanf(range, "range: bytes=%lld-%lld", &from, &to) == 2)
		snprintf(headers, sizeof(headers), "Content-Range: bytes %lld-%lld/%lld\r\n", from,
			 to < BYTES ? to : BYTES - 1, BYTES);
	to = to < BYTES ? to : BYTES - 1;
	return answer(fd, part ? 206 : 200, headers, server.object + from, (size_t)(to - from + 1),
		      !strcmp(r->method, "GET"));
}

static bool
give_text(int fd, const char *text)
{
	return answer(fd, 200, "", text, strlen(text), true);
}

static bool
respond(int fd, const struct request *r)
{
	mutex_lock(server.lock);
	bool fail = server.fail > 0 && server.fail--;
	mutex_unlock(server.lock);
	if (fail)
		return answer(fd, 503, "", "", 0, false);
	if (!strcmp(r->method, "POST") && strstr(r->path, "uploads"))
		return give_text(fd, XML "<InitiateMultipartUploadResult><UploadId>u"
					 "</UploadId></InitiateMultipartUploadResult>");
	if (!strcmp(r->method, "POST"))
		return give_text(fd, XML "<CompleteMultipartUploadResult/>");
	if (server.text && !strcmp(r->method, "GET"))
		return give_text(fd, server.text);
	if (strstr(r->path, "list-type"))
		return give_text(fd, XML "<ListBucketResult><EncodingType>url</EncodingType>"
					 "<Contents><Size>1</Size></Contents>" CONTENTS
					 "</ListBucketResult>");
	if (strstr(r->path, "uploads"))
		return give_text(fd, XML "<ListMultipartUploadsResult><EncodingType>url"
					 "</EncodingType><Upload><UploadId>u</UploadId></Upload>"
					 "<Upload><Key>k</Key></Upload>"
					 "</ListMultipartUploadsResult>");
	if (strstr(r->path, "/missing"))
		return answer(fd, 404, "", "", 0, false);
	if (!strcmp(r->method, "PUT") || !strcmp(r->method, "DELETE"))
		return answer(fd, 200, "", "", 0, false);
	return give_object(fd, r);
}

static bool
take_head(int fd, struct request *r)
{
	size_t n = 0;
	const char *length;

	while (!(n >= 4 && !memcmp(r->head + n - 4, "\r\n\r\n", 4)))
		if (n == HEAD_MAX || recv(fd, r->head + n++, 1, 0) != 1)
			return false;
	r->head[n] = '\0';
	length = strcasestr(r->head, "content-length: ");
	r->bytes = length ? strtoll(length + 16, NULL, 10) : 0;
	return sscanf(r->head, "%7s %511s", r->method, r->path) == 2;
}

static struct err *
serve(void *arg)
{
	AUTO_MEM struct request *r = mem_new(NULL, struct request);
	int fd = *(int *)arg;
	bool open = true;

	mem_free(arg);
	while (open && take_head(fd, r)) {
		if (strcasestr(r->head, "expect: 100-continue"))
			open = send_all(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
		open = open && take_body(fd, r) && respond(fd, r);
	}
	close(fd);
	return NULL;
}

static struct err *
listen_on(void *arg)
{
	(void)arg;
	for (;;) {
		int *fd = mem_new(NULL, int);

		*fd = accept4(server.fd, NULL, NULL, SOCK_CLOEXEC);
		if (*fd < 0) {
			mem_free(fd);
			return NULL;
		}
		thread_leave(serve, fd);
	}
}

static void
server_start(void *mem)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);

	server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	server.lock = mutex_new(NULL); /* its threads end with the program */
	assert_int_equal(bind(server.fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(server.fd, 64), 0);
	assert_int_equal(getsockname(server.fd, (struct sockaddr *)&a, &size), 0);
	setenv("AWS_ENDPOINT_URL", mem_printf(mem, "http://127.0.0.1:%d", ntohs(a.sin_port)), 1);
	setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "SECRET", 1);
	setenv("AWS_REGION", "us-east-1", 1);
	setenv("AWS_CONFIG_FILE", "/dev/null", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
	unsetenv("AWS_PROFILE");
}

/* --- the tests --- */

static char
byte_at(long long i)
{
	return (char)(i * 31 + i / S3_PART);
}

static char *
scratch(void *mem, const char *name)
{
	static char dir[] = "/tmp/bikeops-test-s3-XXXXXX";

	if (dir[strlen(dir) - 1] == 'X')
		assert_non_null(mkdtemp(dir));
	return mem_printf(mem, "%s/%s", dir, name);
}

/* Up in parts and down in ranges, each by several threads, with a try that fails. */
static void
moves_a_big_file(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	_Atomic long long moved = 0;
	const struct s3_config config = { .parallel = 4, .moved = &moved };
	char *up = scratch(tmp, "up"), *down = scratch(tmp, "down"), sha256[65];
	char *bytes = mem_array(tmp, char, BYTES);
	struct s3 *s3;

	(void)state;
	for (long long i = 0; i < BYTES; i++)
		bytes[i] = byte_at(i);
	FILE *f = fopen(up, "we");
	assert_int_equal(fwrite(bytes, 1, BYTES, f), BYTES);
	fclose(f);
	assert_err(s3_open(tmp, &config, &s3), NULL);
	server.fail = 2;
	assert_err(s3_put_file(s3, "b", "k", up, NULL, false), NULL);
	assert_memory_equal(server.object, bytes, BYTES);
	server.fail = 2;
	assert_err(s3_get_file(s3, "b", "k", NULL, down, sha256), NULL);
	f = fopen(down, "re");
	memset(bytes, 0, BYTES);
	assert_int_equal(fread(bytes, 1, BYTES, f), BYTES);
	fclose(f);
	assert_memory_equal(server.object, bytes, BYTES);
	assert_int_equal(atomic_load(&moved), 2 * BYTES);
	unlink(up);
	unlink(down);
}

static struct err *
look(struct s3 *mine, void *arg, size_t i)
{
	AUTO_MEM void *tmp = mem_root();
	atomic_int *seen = arg;
	struct s3_object o;

	TRY(s3_head(tmp, mine, "b", i == OBJECTS - 1 ? "missing" : "k", &o));
	atomic_fetch_add(seen, o.bytes == BYTES);
	return NULL;
}

/* Twice: the second time the workers have their connections already. */
static void
workers_share_a_list(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct s3_config config = { .parallel = 8 };
	struct s3 *s3;

	(void)state;
	assert_err(s3_open(tmp, &config, &s3), NULL);
	for (int i = 0; i < 2; i++) {
		atomic_int seen = 0;

		assert_err(s3_each(s3, OBJECTS - 1, look, &seen), NULL);
		assert_int_equal(atomic_load(&seen), OBJECTS - 1);
	}
	atomic_int seen = 0;
	struct err *e = s3_each(s3, OBJECTS, look, &seen);
	assert_non_null(e);
	assert_int_equal(e->code, ERR_NOTFOUND);
	err_free(e);
}

/* What comes would be written at the wrong place. */
static void
ranges_are_heeded(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct s3_config config = { .parallel = 4 };
	char *down = scratch(tmp, "down");
	struct s3 *s3;

	(void)state;
	assert_err(s3_open(tmp, &config, &s3), NULL);
	server.whole = true;
	struct err *e = s3_get_file(s3, "b", "k", NULL, down, NULL);
	server.whole = false;
	assert_non_null(e);
	assert_int_equal(e->code, ERR_REMOTE);
	assert_err(e, "cannot read 's3://b/k': the server does not heed ranges");
	assert_int_equal(access(down, F_OK), -1);
}

/* A server is no friend: what has no name is no object. */
static void
lists_without_names(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct s3_config config = { .parallel = 1 };
	struct s3_object *objects;
	struct s3_upload *uploads;
	struct s3 *s3;
	size_t n;

	(void)state;
	assert_err(s3_open(tmp, &config, &s3), NULL);
	assert_err(s3_list(tmp, s3, "b", "", NULL, &objects, &n), NULL);
	assert_int_equal(n, 1);
	assert_string_equal(objects[0].key, "a+b");
	assert_int_equal(objects[0].bytes, 7);
	assert_err(s3_uploads(tmp, s3, "b", "", &uploads, &n), NULL);
	assert_int_equal(n, 0);
}

/* They go one by one; a request for none would be refused. */
static void
removes_what_xml_cannot_name(void **state)
{
	AUTO_MEM void *tmp = mem_root();
	const struct s3_config config = { .parallel = 1 };
	const char *const keys[] = { "a\x01", "b\x02" };
	struct s3 *s3;

	(void)state;
	assert_err(s3_open(tmp, &config, &s3), NULL);
	assert_err(s3_delete(s3, "b", keys, 2), NULL);
}

/* Neither cut short nor read for ever. */
static const struct page_row {
	const char *name, *list, *error;
} page_rows[] = {
	{ "objects go nowhere",
	  "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
	  "cannot list 's3://b/': a page tells no beginning of the next" },
	{ "objects go round",
	  "<ListBucketResult><IsTruncated>true</IsTruncated>"
	  "<NextContinuationToken>t</NextContinuationToken></ListBucketResult>",
	  "cannot list 's3://b/': a page tells no beginning of the next" },
	{ "uploads go nowhere",
	  "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>"
	  "</ListMultipartUploadsResult>",
	  "cannot list 's3://b/': a page tells no beginning of the next" },
	{ "uploads go round",
	  "<ListMultipartUploadsResult><EncodingType>url</EncodingType>"
	  "<IsTruncated>true</IsTruncated><NextKeyMarker>a+b</NextKeyMarker>"
	  "<NextUploadIdMarker>u</NextUploadIdMarker></ListMultipartUploadsResult>",
	  "cannot list 's3://b/': a page tells no beginning of the next" },
	{ "nothing at all", "",
	  "cannot list 's3://b/': the answer is no <ListBucketResult>: no element found" },
};

static void
pages_end(void **state)
{
	const struct page_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	const struct s3_config config = { .parallel = 1 };
	struct s3_object *objects;
	struct s3_upload *uploads;
	struct s3 *s3;
	size_t n;

	assert_err(s3_open(tmp, &config, &s3), NULL);
	server.text = row->list;
	struct err *e = !strncmp(row->name, "uploads", 7)
				? s3_uploads(tmp, s3, "b", "", &uploads, &n)
				: s3_list(tmp, s3, "b", "", NULL, &objects, &n);
	server.text = NULL;
	assert_err(e, row->error);
}

static void
count_line(void *arg, const char *text)
{
	assert_string_equal(text, ++*(int *)arg == 1 ? "a" : "b");
}

/* Read again, its lines are not given again. */
static void
a_log_that_breaks(void **state)
{
	static const char gzip[] = "\x1f\x8b\x08\0\0\0\0\0\0\xff\x01\x04\0\xfb\xff"
				   "a\nb\n"
				   "\x97\x2a\x57\x18"
				   "\x04\0\0\0"
				   "no gzip";
	AUTO_MEM void *tmp = mem_root();
	const struct s3_config config = { .parallel = 1 };
	struct s3 *s3;
	bool changed;
	int lines = 0;

	(void)state;
	assert_err(s3_open(tmp, &config, &s3), NULL);
	memcpy(server.object, gzip, sizeof(gzip));
	struct emr_log *log = emr_log_new(tmp, s3, "s3://b/k/", "stdout");
	for (int i = 0; i < 2; i++) {
		struct err *e = emr_log_read(log, count_line, &lines, &changed);

		assert_non_null(e);
		assert_int_equal(e->code, ERR_DATA);
		err_free(e);
		assert_int_equal(lines, 2);
	}
}

/* The job's end stands in the time of EMR's clock, which may be far from ours. */
static void
a_bill_by_another_clock(void **state)
{
	static char text[128]; /* the server may be at it yet when we are through */
	AUTO_MEM void *tmp = mem_root();
	const struct emr_config config = { .region = "us-east-1" };
	long long begun = time_tick_ms(), ended_s = time_now_us() / 1000000 + 8;
	struct emr_engine *engine;
	struct emr_job job;

	(void)state;
	assert_err(emr_engine_open(tmp, &config, &engine), NULL);
	snprintf(text, sizeof(text), "{\"jobRun\": {\"state\": \"SUCCESS\", \"endedAt\": %lld}}",
		 ended_s);
	server.text = text;
	assert_err(emr_engine_bill(tmp, engine, "a", "j", 1, &job), NULL);
	server.text = NULL;
	assert_false(job.billed.known);
	assert_true(time_tick_ms() - begun < 5000);
}

int
main(void)
{
	AUTO_MEM void *mem = mem_root();
	struct unit u = { 0 };

	server_start(mem);
	struct thread *t = thread_start(mem, listen_on, NULL);
	UNIT(&u, moves_a_big_file);
	UNIT(&u, workers_share_a_list);
	UNIT(&u, ranges_are_heeded);
	UNIT(&u, lists_without_names);
	UNIT(&u, a_log_that_breaks);
	UNIT(&u, a_bill_by_another_clock);
	UNIT(&u, removes_what_xml_cannot_name);
	UNIT_ROWS(&u, pages_end, page_rows);
	int status = unit_run(&u, "s3");
	rmdir(scratch(mem, ""));
	shutdown(server.fd, SHUT_RDWR);
	err_free(thread_join(t));
	thread_end_left(5000);
	close(server.fd);
	return status;
}
