/*
 * The tests' way to remote/aws.h: one request a line as JSON on stdin, one answer a line on stdout.
 *
 *   {"op": "sign", ..}      sigv4_sign(); with "seconds": sigv4_presign()
 *   {"op": "call", ..}      aws_call(); "again" so many times; with "threads": in each of so many
 *   {"op": "identity"}      aws_identity()
 *   {"op": "presign", ..}   aws_presign()
 */
#include "base/cancel.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/time.h"
#include "remote/aws.h"
#include "remote/sigv4.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *
text(const json_t *in, const char *key)
{
	return json_string_value(json_object_get(in, key));
}

static long long
number(const json_t *in, const char *key)
{
	return json_integer_value(json_object_get(in, key));
}

/* [["name", "value"], ..] */
static struct aws_pair *
pairs(void *mem, const json_t *in, const char *key, size_t *n)
{
	const json_t *list = json_object_get(in, key);
	struct aws_pair *out = mem_array(mem, struct aws_pair, json_array_size(list) + 1);

	*n = json_array_size(list);
	for (size_t i = 0; i < *n; i++) {
		const json_t *pair = json_array_get(list, i);

		out[i].name = json_string_value(json_array_get(pair, 0));
		out[i].value = json_string_value(json_array_get(pair, 1));
	}
	return out;
}

static json_t *
sign(const json_t *in)
{
	AUTO_MEM void *tmp = mem_root();
	struct sigv4_by by = { text(in, "id"),	   text(in, "secret"),	text(in, "token"),
			       text(in, "region"), text(in, "service"), number(in, "time_us") };
	struct sigv4_request r = { .method = text(in, "method"),
				   .host = text(in, "host"),
				   .path = text(in, "path"),
				   .verbatim = !strcmp(by.service, "s3"),
				   .sha256 = text(in, "sha256") };
	struct sigv4 s;
	char *query = NULL;

	r.query = pairs(tmp, in, "query", &r.n_query);
	r.headers = pairs(tmp, in, "headers", &r.n_headers);
	if (text(in, "key"))
		r.path = mem_printf(tmp, "/%s", sigv4_encode(tmp, text(in, "key"), true));
	if (number(in, "seconds"))
		query = sigv4_presign(tmp, &by, &r, (int)number(in, "seconds"), &s);
	else
		sigv4_sign(tmp, &by, &r, &s);
	return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s}", "canonical", s.canonical, "to_sign",
			 s.to_sign, "signature", s.signature, "authorization", s.authorization,
			 "query", query, "path", r.path);
}

static struct aws_config
config_of(const json_t *in)
{
	return (struct aws_config){ .region = text(in, "region"),
				    .profile = text(in, "profile"),
				    .budget_s = (int)number(in, "budget_s"),
				    .connect_timeout_s = (int)number(in, "connect_timeout_s"),
				    .deaf = json_is_true(json_object_get(in, "deaf")) };
}

static struct aws_request
request_of(void *mem, const json_t *in)
{
	struct aws_request r = { .service = text(in, "service"),
				 .method = text(in, "method"),
				 .bucket = text(in, "bucket"),
				 .path = text(in, "path"),
				 .body = text(in, "body"),
				 .fd = -1,
				 .bytes =
					 (long long)json_string_length(json_object_get(in, "body")),
				 .late_fault = json_is_true(json_object_get(in, "late_fault")) };

	r.query = pairs(mem, in, "query", &r.n_query);
	r.headers = pairs(mem, in, "headers", &r.n_headers);
	if (text(in, "file")) {
		r.fd = open(text(in, "file"), O_RDONLY | O_CLOEXEC);
		r.offset = number(in, "offset");
		r.bytes = number(in, "bytes");
	}
	return r;
}

struct file {
	struct sink sink;
	int fd;
};

static struct err *
to_file(struct sink *self, const void *data, size_t n)
{
	struct file *f = (struct file *)self;

	return write(f->fd, data, n) == (ssize_t)n ? NULL : err_sys(ERR_DATA, "cannot write");
}

static json_t *
failure(struct err *e, long long ms)
{
	AUTO_MEM void *tmp = mem_root();
	json_t *out = json_pack("{s:s, s:s, s:s?, s:s?, s:I}", "error", err_name(e->code), "text",
				err_text(tmp, e), "hint", err_hint_of(e), "remote",
				err_remote_of(e), "ms", (json_int_t)ms);

	err_free(e);
	return out;
}

static json_t *
call(void *mem, struct aws *aws, const json_t *in)
{
	struct aws_request r = request_of(mem, in);
	struct file to = { { to_file }, -1 };
	struct aws_answer a;
	long long start = time_tick_ms();

	if (text(in, "to")) {
		to.fd = open(text(in, "to"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		r.to = &to.sink;
	}
	struct err *e = aws_call(mem, aws, &r, &a);
	if (to.fd >= 0)
		close(to.fd);
	if (r.fd >= 0)
		close(r.fd);
	if (e)
		return failure(e, time_tick_ms() - start);
	json_t *headers = json_object();
	for (size_t i = 0; i < a.n_headers; i++)
		json_object_set_new(headers, a.headers[i].name, json_pack("s", a.headers[i].value));
	return json_pack("{s:i, s:o, s:s%, s:I, s:I, s:I}", "status", a.status, "headers", headers,
			 "body", a.body.s, a.body.len, "bytes", (json_int_t)a.bytes, "skew_s",
			 (json_int_t)aws_skew_s(aws), "ms", (json_int_t)(time_tick_ms() - start));
}

static json_t *
run(const json_t *in)
{
	AUTO_MEM void *tmp = mem_root();
	const char *op = text(in, "op");
	struct aws_config config = config_of(in);
	struct aws *aws;
	char *out = NULL;

	if (!strcmp(op, "sign"))
		return sign(in);
	struct err *e = aws_open(tmp, &config, &aws);
	if (e)
		return failure(e, 0);
	if (!strcmp(op, "call")) {
		json_t *result = json_array();

		for (long long i = 0; i <= number(in, "again"); i++)
			json_array_append_new(result, call(tmp, aws, in));
		return result;
	}
	struct aws_request r = request_of(tmp, in);
	e = !strcmp(op, "identity")
		    ? aws_identity(tmp, aws, &out)
		    : aws_presign(tmp, aws, &r, text(in, "host"), (int)number(in, "seconds"), &out);
	return e ? failure(e, 0) : json_pack("{s:s}", "text", out);
}

struct job {
	const json_t *in;
	json_t *out;
};

static struct err *
work(void *arg)
{
	struct job *job = arg;

	job->out = run(job->in);
	return NULL;
}

/* Each a thread with a struct aws of its own, as the program has it. */
static json_t *
run_threads(const json_t *in, size_t n)
{
	AUTO_MEM void *tmp = mem_root();
	struct job *jobs = mem_array(tmp, struct job, n);
	struct thread **threads = mem_array(tmp, struct thread *, n);
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++) {
		jobs[i].in = in;
		threads[i] = thread_start(tmp, work, &jobs[i]);
	}
	for (size_t i = 0; i < n; i++) {
		err_free(thread_join(threads[i]));
		json_array_append_new(out, jobs[i].out);
	}
	return out;
}

int
main(void)
{
	char *line = NULL;
	size_t size = 0;

	cancel_init();
	log_setup(LOG_DEBUG, false);
	for (;;) {
		if (getline(&line, &size, stdin) <= 0) {
			if (errno != EINTR || feof(stdin))
				break;
			clearerr(stdin); /* by the signal that asks for a cancel */
			continue;
		}
		json_t *in = json_loads(line, 0, NULL);
		size_t n = (size_t)number(in, "threads");
		json_t *out = n ? run_threads(in, n) : run(in);

		json_dumpf(out, stdout, JSON_COMPACT);
		putchar('\n');
		fflush(stdout);
		json_decref(in);
		json_decref(out);
	}
	free(line);
	return 0;
}
