#include "remote/emr_serverless.h"

#include "base/mem.h"
#include "base/time.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EMR_SERVICE "emr-serverless"
#define EMR_PAGE    "50"
#define EMR_PAGES   200 /* a list that goes on for ever ends here */

struct emr {
	struct aws *aws;
};

struct err *
emr_open(void *mem, const struct aws_config *config, struct emr **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct emr *emr = mem_new(tmp, struct emr);

	TRY(aws_open(emr, config, &emr->aws));
	mem_move(mem, emr);
	*out = emr;
	return NULL;
}

static struct err *
emr_mend(struct err *e)
{
	AUTO_MEM void *tmp = mem_root();
	const char *cure = err_hint_of(e) ? NULL : emr_cure(tmp, err_text(tmp, e));

	return cure ? err_hint(e, "%s", cure) : e;
}

struct err *
emr_region(struct emr *emr, const char **region)
{
	return aws_region(emr->aws, region);
}

/* --- calls --- */

/* One label of a path: an id, which may be anything that an operator types. */
static char *
emr_label(void *mem, const char *text)
{
	char *out = mem_strdup(mem, "");

	for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
		bool plain = (*s >= '0' && *s <= '9') || (*s >= 'a' && *s <= 'z') ||
			     (*s >= 'A' && *s <= 'Z') || *s == '-' || *s == '_';

		out = plain ? mem_printf(mem, "%s%c", out, *s)
			    : mem_printf(mem, "%s%%%02X", out, *s);
	}
	return out;
}

/* The answer is the caller's to end by json_decref(); out may be NULL. */
static struct err *
emr_call(struct emr *emr, const char *method, const char *path, const struct aws_pair *query,
	 size_t n_query, const char *body, json_t **out)
{
	static const struct aws_pair type = { "content-type", "application/json" };
	AUTO_MEM void *tmp = mem_root();
	struct aws_request r = { .service = EMR_SERVICE,
				 .method = method,
				 .path = path,
				 .query = query,
				 .n_query = n_query,
				 .headers = &type,
				 .n_headers = body ? 1 : 0,
				 .body = body,
				 .bytes = body ? (long long)strlen(body) : 0 };
	struct aws_answer a;
	struct err *e = aws_call(tmp, emr->aws, &r, &a);

	if (e)
		return emr_mend(e);
	if (!out)
		return NULL;
	*out = json_loadb(a.body.s, a.body.len, 0, NULL);
	if (json_is_object(*out))
		return NULL;
	json_decref(*out);
	return err_new(ERR_REMOTE, "the answer of EMR Serverless to %s '%s' is no JSON", method,
		       path);
}

static const char *
text_of(void *mem, const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return mem_strdup(mem, text ? text : "");
}

static long long
seconds_of(const json_t *json, const char *name)
{
	return (long long)json_number_value(json_object_get(json, name));
}

/* "4 vCPU", "16 GB" */
static double
amount_of(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? strtod(text, NULL) : 0;
}

/* --- lists --- */

/* Take each item of all pages; name is the list's in the answer. */
static struct err *
emr_pages(void *mem, struct emr *emr, const char *path, const char *name, const char *since,
	  void (*take)(void *mem, void *list, const json_t *item), void *list)
{
	AUTO_MEM void *tmp = mem_root();
	const char *next = NULL;

	for (int page = 0; page < EMR_PAGES; page++) {
		struct aws_pair q[3] = { { "maxResults", EMR_PAGE } };
		size_t n = 1;
		json_t *json;

		if (since)
			q[n++] = (struct aws_pair){ "createdAtAfter", since };
		if (next)
			q[n++] = (struct aws_pair){ "nextToken", next };
		TRY(emr_call(emr, "GET", path, q, n, NULL, &json));
		const json_t *items = json_object_get(json, name);
		for (size_t i = 0; i < json_array_size(items); i++)
			take(mem, list, json_array_get(items, i));
		next = text_of(tmp, json, "nextToken");
		json_decref(json);
		if (!*next)
			return NULL;
	}
	return err_new(ERR_REMOTE, "EMR Serverless lists '%s' without end", path);
}

/* --- applications --- */

static void
warm_of(const json_t *all, struct emr_application *a)
{
	const char *worker;
	json_t *capacity;

	json_object_foreach((json_t *)(uintptr_t)all, worker, capacity)
	{
		const json_t *of = json_object_get(capacity, "workerConfiguration");
		double n = json_number_value(json_object_get(capacity, "workerCount"));

		a->warm_vcpu += n * amount_of(of, "cpu");
		a->warm_gb += n * amount_of(of, "memory");
	}
}

static struct emr_application
application_of(void *mem, const json_t *json)
{
	const json_t *start = json_object_get(json, "autoStartConfiguration");
	const json_t *stop = json_object_get(json, "autoStopConfiguration");
	const json_t *most = json_object_get(json, "maximumCapacity");
	const char *id = json_string_value(json_object_get(json, "id"));
	struct emr_application a = {
		.id = id ? mem_strdup(mem, id) : text_of(mem, json, "applicationId"),
		.name = text_of(mem, json, "name"),
		.state = text_of(mem, json, "state"),
		.details = text_of(mem, json, "stateDetails"),
		.release = text_of(mem, json, "releaseLabel"),
		.created_s = seconds_of(json, "createdAt"),
		.updated_s = seconds_of(json, "updatedAt"),
		.auto_start = json_is_true(json_object_get(start, "enabled")),
		.auto_stop = json_is_true(json_object_get(stop, "enabled")),
		.idle_minutes = (int)seconds_of(stop, "idleTimeoutMinutes"),
		.max_cpu = text_of(mem, most, "cpu"),
		.max_memory = text_of(mem, most, "memory"),
	};

	warm_of(json_object_get(json, "initialCapacity"), &a);
	return a;
}

/* mem owns the text; takes json. */
static char *
json_text(void *mem, json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	char *copy = mem_strdup(mem, text);

	free(text);
	json_decref(json);
	return copy;
}

struct err *
emr_application_create(void *mem, struct emr *emr, const struct emr_application_spec *spec,
		       const char **id)
{
	AUTO_MEM void *tmp = mem_root();
	json_t *body = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:{s:b}, s:{s:b, s:i}}", "clientToken",
		spec->token, "name", spec->name, "releaseLabel", spec->release, "type", "SPARK",
		"architecture", "X86_64", "maximumCapacity", "cpu",
		mem_printf(tmp, "%d vCPU", spec->max_vcpu), "memory",
		mem_printf(tmp, "%d GB", spec->max_gb), "autoStartConfiguration", "enabled", 1,
		"autoStopConfiguration", "enabled", 1, "idleTimeoutMinutes", spec->idle_minutes);
	json_t *json;

	TRY(emr_call(emr, "POST", "/applications", NULL, 0, json_text(tmp, body), &json));
	*id = text_of(mem, json, "applicationId");
	json_decref(json);
	return NULL;
}

static char *
application_path(void *mem, const char *id, const char *rest)
{
	return mem_printf(mem, "/applications/%s%s", emr_label(mem, id), rest);
}

struct err *
emr_application_get(void *mem, struct emr *emr, const char *id, struct emr_application *out)
{
	AUTO_MEM void *tmp = mem_root();
	json_t *json;

	TRY(emr_call(emr, "GET", application_path(tmp, id, ""), NULL, 0, NULL, &json));
	*out = application_of(mem, json_object_get(json, "application"));
	json_decref(json);
	return NULL;
}

struct applications {
	struct emr_application *list;
	size_t n;
};

static void
take_application(void *mem, void *arg, const json_t *item)
{
	struct applications *all = arg;
	struct emr_application a = application_of(mem, item);

	if (!strcmp(a.state, "TERMINATED"))
		return;
	all->list = mem_grow(mem, all->list, struct emr_application, all->n + 1);
	all->list[all->n++] = a;
}

struct err *
emr_application_list(void *mem, struct emr *emr, struct emr_application **list, size_t *n)
{
	struct applications all = { mem_array(mem, struct emr_application, 1), 0 };

	TRY(emr_pages(mem, emr, "/applications", "applications", NULL, take_application, &all));
	*list = all.list;
	*n = all.n;
	return NULL;
}

struct err *
emr_application_start(struct emr *emr, const char *id)
{
	AUTO_MEM void *tmp = mem_root();

	return emr_call(emr, "POST", application_path(tmp, id, "/start"), NULL, 0, "{}", NULL);
}

struct err *
emr_application_stop(struct emr *emr, const char *id)
{
	AUTO_MEM void *tmp = mem_root();

	return emr_call(emr, "POST", application_path(tmp, id, "/stop"), NULL, 0, "{}", NULL);
}

struct err *
emr_application_delete(struct emr *emr, const char *id)
{
	AUTO_MEM void *tmp = mem_root();

	return emr_call(emr, "DELETE", application_path(tmp, id, ""), NULL, 0, NULL, NULL);
}

/* --- jobs --- */

bool
emr_job_over(const char *state)
{
	return !strcmp(state, "SUCCESS") || !strcmp(state, "FAILED") || !strcmp(state, "CANCELLED");
}

char *
emr_job_request(void *mem, const struct emr_job_spec *spec)
{
	json_t *args = json_array();

	for (size_t i = 0; i < spec->n_args; i++)
		json_array_append_new(args, json_string(spec->args[i]));
	return json_text(
		mem, json_pack("{s:s, s:s, s:s, s:{s:{s:s, s:o, s:s}}, s:{s:{s:{s:s}}}, s:i}",
			       "clientToken", spec->token, "name", spec->name, "executionRoleArn",
			       spec->role_arn, "jobDriver", "sparkSubmit", "entryPoint",
			       spec->entry, "entryPointArguments", args, "sparkSubmitParameters",
			       spec->parameters, "configurationOverrides",
			       "monitoringConfiguration", "s3MonitoringConfiguration", "logUri",
			       spec->log_uri, "executionTimeoutMinutes", spec->timeout_minutes));
}

static struct emr_usage
usage_of(const json_t *json)
{
	return (struct emr_usage){
		.known = json_is_object(json),
		.vcpu_h = json_number_value(json_object_get(json, "vCPUHour")),
		.memory_gb_h = json_number_value(json_object_get(json, "memoryGBHour")),
		.storage_gb_h = json_number_value(json_object_get(json, "storageGBHour")),
	};
}

static const char *
logs_of(void *mem, const json_t *json)
{
	const char *uri = NULL;

	if (json_unpack((json_t *)(uintptr_t)json, "{s:{s:{s:{s:s}}}}", "configurationOverrides",
			"monitoringConfiguration", "s3MonitoringConfiguration", "logUri", &uri))
		return NULL;
	size_t n = strlen(uri);
	return mem_printf(mem, "%s%sapplications/%s/jobs/%s/", uri,
			  n && uri[n - 1] == '/' ? "" : "/",
			  json_string_value(json_object_get(json, "applicationId")),
			  json_string_value(json_object_get(json, "jobRunId")));
}

static struct emr_job
job_of(void *mem, const json_t *json)
{
	const char *id = json_string_value(json_object_get(json, "id"));

	return (struct emr_job){
		.id = id ? mem_strdup(mem, id) : text_of(mem, json, "jobRunId"),
		.application = text_of(mem, json, "applicationId"),
		.name = text_of(mem, json, "name"),
		.state = text_of(mem, json, "state"),
		.details = text_of(mem, json, "stateDetails"),
		.attempt = (int)seconds_of(json, "attempt"),
		.created_s = seconds_of(json, "createdAt"),
		.updated_s = seconds_of(json, "updatedAt"),
		.started_s = seconds_of(json, "startedAt"),
		.ended_s = seconds_of(json, "endedAt"),
		.logs = logs_of(mem, json),
		.used = usage_of(json_object_get(json, "totalResourceUtilization")),
		.billed = usage_of(json_object_get(json, "billedResourceUtilization")),
	};
}

static char *
job_path(void *mem, const char *application, const char *id, const char *rest)
{
	return mem_printf(mem, "/applications/%s/jobruns/%s%s", emr_label(mem, application),
			  emr_label(mem, id), rest);
}

struct err *
emr_job_start(void *mem, struct emr *emr, const char *application, const char *request,
	      const char **id)
{
	AUTO_MEM void *tmp = mem_root();
	json_t *json;

	TRY(emr_call(emr, "POST", application_path(tmp, application, "/jobruns"), NULL, 0, request,
		     &json));
	*id = text_of(mem, json, "jobRunId");
	json_decref(json);
	return NULL;
}

struct err *
emr_job_get(void *mem, struct emr *emr, const char *application, const char *id,
	    struct emr_job *out)
{
	AUTO_MEM void *tmp = mem_root();
	json_t *json;

	TRY(emr_call(emr, "GET", job_path(tmp, application, id, ""), NULL, 0, NULL, &json));
	struct emr_job job = job_of(mem, json_object_get(json, "jobRun"));
	json_decref(json);
	if (!*job.state)
		return err_new(ERR_REMOTE, "EMR Serverless tells no state of job '%s'", id);
	*out = job;
	return NULL;
}

struct jobs {
	struct emr_job *list;
	size_t n;
};

static void
take_job(void *mem, void *arg, const json_t *item)
{
	struct jobs *all = arg;

	all->list = mem_grow(mem, all->list, struct emr_job, all->n + 1);
	all->list[all->n++] = job_of(mem, item);
}

static int
job_newer(const void *a, const void *b)
{
	long long x = ((const struct emr_job *)a)->created_s;
	long long y = ((const struct emr_job *)b)->created_s;

	return (x < y) - (x > y);
}

struct err *
emr_job_list(void *mem, struct emr *emr, const char *application, long long since_s,
	     struct emr_job **list, size_t *n)
{
	AUTO_MEM void *tmp = mem_root();
	struct jobs all = { mem_array(mem, struct emr_job, 1), 0 };
	const char *since = since_s ? time_iso(tmp, since_s * 1000000) : NULL;

	TRY(emr_pages(mem, emr, application_path(tmp, application, "/jobruns"), "jobRuns", since,
		      take_job, &all));
	qsort(all.list, all.n, sizeof(*all.list), job_newer);
	*list = all.list;
	*n = all.n;
	return NULL;
}

struct err *
emr_job_attempts(void *mem, struct emr *emr, const char *application, const char *id,
		 struct emr_job **list, size_t *n)
{
	AUTO_MEM void *tmp = mem_root();
	struct jobs all = { mem_array(mem, struct emr_job, 1), 0 };

	TRY(emr_pages(mem, emr, job_path(tmp, application, id, "/attempts"), "jobRunAttempts", NULL,
		      take_job, &all));
	*list = all.list;
	*n = all.n;
	return NULL;
}

struct err *
emr_job_cancel(struct emr *emr, const char *application, const char *id)
{
	AUTO_MEM void *tmp = mem_root();
	struct err *e =
		emr_call(emr, "DELETE", job_path(tmp, application, id, ""), NULL, 0, NULL, NULL);
	struct emr_job job = { .state = "" };

	if (!e || strcmp(err_remote_of(e) ? err_remote_of(e) : "", "ValidationException"))
		return e;
	struct err *look = emr_job_get(tmp, emr, application, id, &job);
	if (look || !emr_job_over(job.state)) {
		err_free(look);
		return e;
	}
	err_free(e);
	return NULL;
}
