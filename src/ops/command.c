#include "ops/command.h"

#include "base/cancel.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/thread.h"

#include <string.h>

#define COMMAND_OUTPUT_MAX (1 << 20)

struct command_job {
	struct mailbox *box;
	int kind;
	const char *profile, *config;
	struct command_line *lines;
	size_t n;
};

char *
command_text(void *mem, const struct command_line *line)
{
	char *text = mem_strdup(mem, "bikeops");

	for (size_t i = 0; i < COMMAND_ARGS && line->args[i]; i++)
		text = mem_printf(mem, "%s %s", text, line->args[i]);
	return text;
}

static void
command_post(const struct command_job *job, size_t i, bool ended, const char *output,
	     const char *error)
{
	struct command_news *news = mem_new(NULL, struct command_news);

	*news = (struct command_news){ .line = command_text(news, &job->lines[i]),
				       .step = i + 1,
				       .steps = job->n,
				       .ended = ended,
				       .output = output ? mem_strdup(news, output) : NULL,
				       .error = error ? mem_strdup(news, error) : NULL };
	mailbox_post(job->box, job->kind, news);
}

/* Commands without a configuration know neither option. */
static bool
command_is_bare(const struct command_line *line)
{
	return !strcmp(line->args[0], "local") || !strcmp(line->args[0], "generate");
}

static struct err *
command_one(const struct command_job *job, size_t i, struct strbuf *out)
{
	const struct command_line *line = &job->lines[i];
	const char *argv[COMMAND_ARGS + 6] = { "/proc/self/exe" };
	struct process p = { .argv = argv };
	size_t n = 1;

	for (size_t k = 0; k < COMMAND_ARGS && line->args[k]; k++)
		argv[n++] = line->args[k];
	if (!command_is_bare(line)) {
		argv[n++] = "--profile";
		argv[n++] = job->profile;
	}
	if (!command_is_bare(line) && job->config) {
		argv[n++] = "--config";
		argv[n++] = job->config;
	}
	return process_run(&p, out);
}

/* The program's name is no news; what it said is. */
static const char *
command_words(const char *text)
{
	const char *said = strstr(text, "bikeops: ");

	return said ? said + strlen("bikeops: ") : text;
}

static struct err *
command_job(void *arg)
{
	AUTO_MEM struct command_job *job = arg;
	struct strbuf out;

	for (size_t i = 0; i < job->n; i++) {
		command_post(job, i, false, NULL, NULL);
		strbuf_init(&out, job, COMMAND_OUTPUT_MAX);
		struct err *e = command_one(job, i, &out);
		bool last = e || i + 1 == job->n;

		if (last)
			command_post(job, i, true, out.s,
				     e ? command_words(err_text(job, e)) : NULL);
		err_free(e);
		if (last)
			break;
	}
	return NULL;
}

void
command_start(struct mailbox *box, int kind, const char *profile, const char *config,
	      const struct command_line *lines, size_t n)
{
	struct command_job *job = mem_new(NULL, struct command_job);

	*job = (struct command_job){ .box = box,
				     .kind = kind,
				     .profile = mem_strdup(job, profile),
				     .config = config ? mem_strdup(job, config) : NULL,
				     .lines = mem_array(job, struct command_line, n),
				     .n = n };
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < COMMAND_ARGS && lines[i].args[k]; k++)
			job->lines[i].args[k] = mem_strdup(job, lines[i].args[k]);
	thread_leave(command_job, job);
}
