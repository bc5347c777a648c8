#include "view/logobject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
begins(const char **text, const char *with)
{
	size_t n = strlen(with);

	if (strncmp(*text, with, n) != 0)
		return false;
	*text += n;
	return true;
}

static bool
ends(const char *text, const char *with)
{
	size_t n = strlen(text), end = strlen(with);

	return n >= end && !strcmp(text + n - end, with);
}

/* Over one folder's name; *name is [*len] of it.  False where there is none. */
static bool
folder(const char **at, const char **name, int *len)
{
	const char *slash = strchr(*at, '/');

	if (!slash)
		return false;
	*name = *at;
	*len = (int)(slash - *at);
	*at = slash + 1;
	return true;
}

static bool
read_run(const char *at, struct log_object *o)
{
	const char *run;
	int n;

	if (!folder(&at, &run, &n) || strchr(at, '/') || !ends(at, ".log"))
		return false;
	o->own = true;
	snprintf(o->stream, sizeof(o->stream), "%.*s", (int)(strlen(at) - 4), at);
	return true;
}

/* "dag_id=D/run_id=R/task_id=T/map_index=3/attempt=1.log" */
static bool
read_airflow(const char *at, struct log_object *o)
{
	const char *task = strstr(at, "/task_id="), *attempt = strstr(at, "/attempt=");
	const char *map = strstr(at, "/map_index=");

	if (!task || !attempt || attempt < task || !ends(attempt, ".log"))
		return false;
	task += strlen("/task_id=");
	attempt += strlen("/attempt=");
	snprintf(o->stream, sizeof(o->stream), "airflow-%.*s%s%.*s.a%.*s", (int)strcspn(task, "/"),
		 task, map ? "-" : "", map ? (int)strcspn(map + strlen("/map_index="), "/") : 0,
		 map ? map + strlen("/map_index=") : "", (int)strcspn(attempt, "."), attempt);
	return true;
}

/* "stderr.gz", "stdout", "archived/stderr_3.gz" of worker.  Source: EMR Serverless, rotating logs.
 */
static bool
read_output(const char *at, const char *worker, struct log_object *o)
{
	o->archived = begins(&at, "archived/");
	const char *out = !strncmp(at, "stderr", 6) ? "stderr" : "stdout";

	if (!begins(&at, out))
		return false;
	if (o->archived && *at == '_')
		o->piece = strtoll(at + 1, NULL, 10);
	o->gzip = ends(at, ".gz");
	o->unstamped = !strcmp(out, "stdout");
	snprintf(o->stream + strlen(o->stream), sizeof(o->stream) - strlen(o->stream), "%s.%s",
		 worker, out);
	return true;
}

/* "128/a1/applications/A/jobs/J/attempts/2/SPARK_EXECUTOR/1/stderr.gz" */
static bool
read_emr(const char *at, struct log_object *o)
{
	const char *name, *attempt = "", *retry = "";
	int n, n_attempt = 0, n_retry = 0;
	char worker[64];

	if (!folder(&at, &name, &n))
		return false;
	if (*at == 'a' && at[1] >= '0' && at[1] <= '9' && !folder(&at, &attempt, &n_attempt))
		return false;
	if (!begins(&at, "applications/") || !folder(&at, &name, &n) || !begins(&at, "jobs/") ||
	    !folder(&at, &name, &n))
		return false;
	if (begins(&at, "attempts/") && !folder(&at, &retry, &n_retry))
		return false;
	if (begins(&at, "SPARK_DRIVER/"))
		name = "", n = 0;
	else if ((!begins(&at, "SPARK_EXECUTOR/") && !begins(&at, "SPARK_EXECUTOR_")) ||
		 !folder(&at, &name, &n))
		return false;
	snprintf(worker, sizeof(worker), "%s%.*s%s%.*s%s%.*s", n ? "executor" : "driver", n, name,
		 n_attempt ? "." : "", n_attempt, attempt, n_retry ? ".try" : "", n_retry, retry);
	return read_output(at, worker, o);
}

bool
log_object_read(const char *key, struct log_object *out)
{
	const char *at = key;

	*out = (struct log_object){ .key = key };
	if (begins(&at, LOG_RUNS))
		return read_run(at, out);
	if (begins(&at, LOG_AIRFLOW))
		return read_airflow(at, out);
	return begins(&at, LOG_EMR) && read_emr(at, out);
}
