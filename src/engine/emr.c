#include "engine/emr.h"

#include "base/cancel.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "engine/emr_watch.h"

#include <string.h>

#define CREATE	      "transform.create_spark_app"
#define SUBMIT	      "transform.submit_spark_job"
#define DROP	      "transform.delete_spark_app"
#define IDLE_MINUTES  15
#define JOB_MINUTES   720
#define GB_A_VCPU     4
#define STATE_WAIT_MS 1000
#define STATE_MAX_S   300 /* for an application to be as it was asked */
#define WORKER_VCPU   2
#define WORKER_MEMORY "7g" /* with a tenth on top it is a worker of 8 GB */
#define WORKER_GB     8
#define EXECUTOR_MIB  256 /* raw files that are worth one more of them */
#define MIB	      (1LL << 20)
#define BILL_MS	      2000

struct err *
emr_engine_open(void *mem, const struct emr_config *config, struct emr_engine **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct emr_engine *e = mem_new(tmp, struct emr_engine);
	struct aws_config aws = { .region = *config->region ? config->region : NULL };
	struct aws_config deaf = { .region = aws.region, .deaf = true };
	const struct s3_config s3 = { .aws = aws };

	e->config = *config;
	TRY(emr_open(e, &aws, &e->emr));
	TRY(emr_open(e, &deaf, &e->deaf));
	TRY(s3_open(e, &s3, &e->s3));
	mem_move(mem, e);
	*out = e;
	return NULL;
}

struct err *
emr_engine_region(struct emr_engine *e, const char **region)
{
	return emr_region(e->emr, region);
}

/* --- the application --- */

static bool
is_any(const char *text, const char *const *list)
{
	while (*list && strcmp(text, *list))
		list++;
	return *list != NULL;
}

/* Wait until it is in one of these states. */
static struct err *
application_wait(void *mem, struct emr *emr, const char *id, const char *const *states,
		 struct progress *progress, const char *step, struct emr_application *out)
{
	long long end = time_tick_ms() + STATE_MAX_S * 1000LL;

	while (true) {
		AUTO_MEM void *tmp = mem_root();

		TRY(emr_application_get(mem, emr, id, out));
		progress_note(progress, step,
			      mem_printf(tmp, "EMR application %s %s", id, out->state));
		if (is_any(out->state, states))
			return NULL;
		if (!strcmp(out->state, "TERMINATED"))
			return err_new(ERR_NOTFOUND, "EMR application '%s' was deleted", id);
		if (time_tick_ms() > end)
			return err_new(ERR_TIMEOUT, "EMR application '%s' stays %s", id,
				       out->state);
		emr_pause(STATE_WAIT_MS);
	}
}

/* The oldest of that name: two that were made at once are then one. */
struct err *
emr_engine_named(void *mem, struct emr_engine *e, const char **id)
{
	AUTO_MEM void *tmp = mem_root();
	const struct emr_application *found = NULL;
	struct emr_application *list;
	size_t n;

	*id = NULL;
	TRY(emr_application_list(tmp, e->emr, &list, &n));
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(list[i].name, e->config.name) &&
		    (!found || list[i].created_s < found->created_s))
			found = &list[i];
	}
	if (found)
		*id = mem_strdup(mem, found->id);
	return NULL;
}

static struct err *
application_find(void *mem, struct emr_engine *e, const char *token, const char **id)
{
	const char *wanted = e->config.application;
	const struct emr_application_spec spec = { .name = e->config.name,
						   .release = e->config.release,
						   .token = token,
						   .idle_minutes = IDLE_MINUTES,
						   .max_vcpu = e->config.max_vcpu,
						   .max_gb = e->config.max_vcpu * GB_A_VCPU };

	if (strcmp(wanted, "persistent") && strcmp(wanted, "ephemeral")) {
		*id = mem_strdup(mem, wanted);
		return NULL;
	}
	TRY(emr_engine_named(mem, e, id));
	if (*id)
		return NULL;
	struct err *err = emr_application_create(mem, e->emr, &spec, id);
	return err ? err_wrap(err, "cannot make the EMR application '%s'", spec.name) : NULL;
}

struct err *
emr_engine_application(void *mem, struct emr_engine *e, const char *token,
		       struct progress *progress, const char **id)
{
	static const char *const made[] = { "CREATED", "STARTING", "STARTED",
					    "STOPPED", "STOPPING", NULL };
	static const char *const started[] = { "STARTED", NULL };
	AUTO_MEM void *tmp = mem_root();
	struct emr_application a;

	progress_tell(progress, CREATE, 0, 0, -1);
	TRY(application_find(mem, e, token, id));
	struct err *err = application_wait(tmp, e->emr, *id, made, progress, CREATE, &a);
	if (err && err->code == ERR_NOTFOUND)
		return err_hint(err_wrap(err, "there is no EMR application '%s'", *id),
				"'bikeops emr apps' lists them");
	if (err || a.auto_start || !strcmp(a.state, "STARTED"))
		return err;
	TRY(emr_application_start(e->emr, *id));
	return application_wait(tmp, e->emr, *id, started, progress, CREATE, &a);
}

static struct err *
application_busy(struct emr *emr, const char *id, bool *busy)
{
	AUTO_MEM void *tmp = mem_root();
	struct emr_job *list;
	size_t n;

	*busy = false;
	TRY(emr_job_list(tmp, emr, id, 0, &list, &n));
	for (size_t i = 0; i < n; i++)
		*busy |= !emr_job_over(list[i].state);
	return NULL;
}

struct err *
emr_engine_alive(struct emr_engine *e, const char *application, bool *alive)
{
	AUTO_MEM void *tmp = mem_root();
	struct emr_application a;
	struct err *err = emr_application_get(tmp, e->emr, application, &a);

	*alive = !err && strcmp(a.state, "TERMINATED");
	if (err && err->code == ERR_NOTFOUND) {
		err_free(err);
		return NULL;
	}
	return err;
}

/* It stops only once no job runs, and is deleted only once it is stopped. */
struct err *
emr_engine_drop(struct emr_engine *e, const char *application, struct progress *progress)
{
	static const char *const settled[] = { "CREATED", "STARTED", "STOPPED", "TERMINATED",
					       NULL };
	static const char *const over[] = { "CREATED", "STOPPED", "TERMINATED", NULL };
	AUTO_MEM void *tmp = mem_root();
	struct emr_application a;
	bool busy;

	progress_tell(progress, DROP, 0, 0, -1);
	TRY(application_busy(e->deaf, application, &busy));
	if (busy)
		return err_new(ERR_REFUSED, "a job is at work on it");
	TRY(application_wait(tmp, e->deaf, application, settled, progress, DROP, &a));
	if (!strcmp(a.state, "STARTED")) {
		TRY(emr_application_stop(e->deaf, application));
		TRY(application_wait(tmp, e->deaf, application, over, progress, DROP, &a));
	}
	if (strcmp(a.state, "TERMINATED"))
		TRY(emr_application_delete(e->deaf, application));
	progress_note(progress, DROP, mem_printf(tmp, "EMR application %s deleted", application));
	return NULL;
}

/* --- the job --- */

/* At most so many, for one worker is the driver. */
static int
executors_most(int max_vcpu)
{
	int most = max_vcpu / WORKER_VCPU - 1;

	return most < 1 ? 1 : most;
}

static long long
executors(int max_vcpu, long long bytes)
{
	long long wanted = 1 + bytes / (EXECUTOR_MIB * MIB);

	return wanted < executors_most(max_vcpu) ? wanted : executors_most(max_vcpu);
}

long long
emr_hourly(int max_vcpu, long long bytes, const struct price *price)
{
	return (1 + executors(max_vcpu, bytes)) *
	       (WORKER_VCPU * price->vcpu_hour + WORKER_GB * price->memory_gb_hour);
}

char *
emr_parameters(void *mem, int max_vcpu, long long bytes)
{
	long long first = executors(max_vcpu, bytes);

	/* Where initialExecutors is not said, EMR Serverless begins with three. */
	return mem_printf(mem,
			  "--conf spark.driver.cores=%d --conf spark.driver.memory=%s "
			  "--conf spark.executor.cores=%d --conf spark.executor.memory=%s "
			  "--conf spark.executor.instances=%lld "
			  "--conf spark.dynamicAllocation.initialExecutors=%lld "
			  "--conf spark.dynamicAllocation.maxExecutors=%d",
			  WORKER_VCPU, WORKER_MEMORY, WORKER_VCPU, WORKER_MEMORY, first, first,
			  executors_most(max_vcpu));
}

char *
emr_engine_request(void *mem, const struct emr_engine *e, const struct emr_task *task)
{
	AUTO_MEM void *tmp = mem_root();
	const struct emr_job_spec spec = {
		.name = task->name,
		.token = task->token,
		.role_arn = e->config.role_arn,
		.entry = task->script,
		.args = &task->object,
		.n_args = 1,
		.parameters = emr_parameters(tmp, e->config.max_vcpu, task->bytes),
		.log_uri = task->logs,
		.timeout_minutes = JOB_MINUTES,
	};

	return emr_job_request(mem, &spec);
}

static struct err *
find(void *mem, struct emr *emr, const char *application, const char *name, long long since_s,
     struct emr_job *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct emr_job *list;
	size_t n;

	*out = (struct emr_job){ 0 };
	struct err *e = emr_job_list(tmp, emr, application, since_s, &list, &n);
	if (e && e->code == ERR_NOTFOUND) {
		err_free(e);
		return NULL;
	}
	if (e)
		return e;
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(list[i].name, name))
			return emr_job_get(mem, emr, application, list[i].id, out);
	}
	return NULL;
}

struct err *
emr_engine_find(void *mem, struct emr_engine *e, const char *application, const char *name,
		long long since_s, struct emr_job *out)
{
	return find(mem, e->emr, application, name, since_s, out);
}

/* A request that a cancel cut short may have arrived. */
static struct err *
submit_cancelled(struct emr_engine *e, const char *application, const char *name, struct err *why)
{
	AUTO_MEM void *tmp = mem_root();
	struct emr_job job;
	struct err *err = find(tmp, e->deaf, application, name, 0, &job);

	if (!err && job.id && !emr_job_over(job.state))
		err = emr_engine_cancel(tmp, e, application, job.id, NULL, &job);
	if (err)
		log_warn("a Spark job may go on: %s", err_text(tmp, err));
	err_free(err);
	return why;
}

struct err *
emr_engine_submit(void *mem, struct emr_engine *e, const char *application, const char *name,
		  const char *request, struct progress *progress, const char **job)
{
	AUTO_MEM void *tmp = mem_root();

	progress_tell(progress, SUBMIT, 0, 0, -1);
	struct err *err = emr_job_start(mem, e->emr, application, request, job);
	if (err && err->code == ERR_CANCELLED)
		return submit_cancelled(e, application, name, err);
	if (err)
		return err_wrap(err, "cannot start a Spark job on EMR application '%s'",
				application);
	progress_note(progress, SUBMIT, mem_printf(tmp, "EMR job %s", *job));
	log_info("EMR job %s on application %s", *job, application);
	return NULL;
}

struct err *
emr_engine_bill(void *mem, struct emr_engine *e, const char *application, const char *job,
		int seconds, struct emr_job *out)
{
	long long end_ms = time_tick_ms() + seconds * 1000LL; /* where the clocks differ */

	while (true) {
		TRY(emr_job_get(mem, e->emr, application, job, out));
		long long end = (out->ended_s ? out->ended_s : out->updated_s) + seconds;
		if (out->billed.known || time_now_us() / 1000000 >= end || time_tick_ms() >= end_ms)
			return NULL;
		TRY(cancel_check());
		time_sleep_ms(BILL_MS);
	}
}
