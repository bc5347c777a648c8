#include "run/spark.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/emr.h"
#include "pipeline/price.h"
#include "run/deploy.h"
#include "run/heart.h"
#include "run/manifest.h"
#include "run/spark_object.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#define SCRIPT_SHA    8 /* digits of its sum in its name */
#define CLOCK_SLACK_S 900
#define BILL_MAX_S    120 /* how late a bill is waited for */
#define NAME_MAX_EMR  64

/* What one run has on EMR. */
struct spark_job {
	const struct settings *settings;
	struct ledger *ledger;
	long long run;
	struct emr_engine *engine;
	const char *own; /* name of an application of the run's own, or NULL */
	const char *application, *id;
	struct emr_job last;
};

/* --- the parts --- */

/* "bikeops-PROFILE" for all its runs, "bikeops-PROFILE-RUN-xxxxxx" for one. */
static char *
application_name(void *mem, const struct settings *s, const char *prefix)
{
	char *name = mem_printf(mem, "bikeops-%s%s%s", settings_profile(s), prefix ? "-" : "",
				prefix ? strrchr(prefix, '/') + 1 : "");

	for (char *c = name; *c; c++)
		*c = isalnum((unsigned char)*c) || strchr("._/#-", *c) ? *c : '-';
	return strlen(name) <= NAME_MAX_EMR ? name : name + strlen(name) - NAME_MAX_EMR;
}

static struct spark_job *
job_new(void *mem, const struct settings *settings, struct ledger *ledger, long long run)
{
	struct spark_job *job = mem_new(mem, struct spark_job);

	*job = (struct spark_job){ .settings = settings, .ledger = ledger, .run = run };
	return job;
}

static struct err *
open_engine(struct spark_job *job)
{
	const struct settings *s = job->settings;
	struct emr_config config = { .region = settings_get(s, "region"),
				     .application = settings_get(s, "emr_application"),
				     .release = settings_get(s, "emr_release"),
				     .role_arn = settings_get(s, "emr_role_arn"),
				     .max_vcpu = settings_int(s, "emr_max_vcpu") };

	config.name = job->own ? job->own : application_name(job, s, NULL);
	return emr_engine_open(job, &config, &job->engine);
}

static const char *
script_text(void)
{
	const struct deploy_file *f = deploy_files;

	while (f->key && strcmp(f->key, "script/spark_job.py"))
		f++;
	assert(f->key);
	return f->text;
}

/* Under a name of its own for each text, so that versions never mix. */
static struct err *
put_script(void *mem, struct lake *lake, const char **uri)
{
	AUTO_MEM void *tmp = mem_root();
	const char *text = script_text();
	char sha[DIGEST_HEX];
	struct lake_object *list;
	struct lake_writer *w;
	size_t n;

	digest_text(text, sha);
	char *key = mem_printf(tmp, "script/spark_job-%.*s.py", SCRIPT_SHA, sha);
	*uri = lake_name(mem, lake, LAKE_SOURCE, key);
	TRY(lake_list(tmp, lake, LAKE_SOURCE, key, &list, &n));
	if (n && list[0].bytes == (long long)strlen(text))
		return NULL;
	TRY(lake_create(tmp, lake, LAKE_SOURCE, key, &w));
	TRY(w->sink.write(&w->sink, text, strlen(text)));
	struct err *e = lake_commit(w);
	if (e && e->code == ERR_CONFLICT) { /* another run was faster */
		err_free(e);
		return NULL;
	}
	return e;
}

/* The same for the same thing of the same installation. */
static struct err *
token_of(void *mem, struct run *run, const char *of, const char **token)
{
	AUTO_MEM void *tmp = mem_root();
	char hex[DIGEST_HEX], *mark;

	TRY(ledger_mark(tmp, run->ledger, &mark));
	digest_text(mem_printf(tmp, "%s %s", mark, of), hex);
	*token = mem_strdup(mem, hex);
	return NULL;
}

static long long
raw_bytes(const struct batch *b)
{
	long long bytes = 0;

	for (size_t i = 0; i < b->n_files; i++)
		bytes += b->files[i].bytes;
	return bytes;
}

static long long
raw_rows(const struct batch *b)
{
	long long rows = 0;

	for (size_t i = 0; i < b->n_files; i++) {
		if (strcmp(b->files[i].entity, "dirty_orders") &&
		    strcmp(b->files[i].entity, "keys"))
			rows += b->files[i].rows;
	}
	return rows;
}

/* --- what it cost --- */

struct item {
	const char *what, *unit;
	double quantity;
	long long price;
};

static struct err *
prices(const struct spark_job *job, struct price *p, bool *priced)
{
	const struct settings *s = job->settings;
	const char *region;

	TRY(emr_engine_region(job->engine, &region));
	*priced = price_emr(region, settings_get(s, "emr_price_vcpu_hour"),
			    settings_get(s, "emr_price_gb_hour"), p);
	return NULL;
}

static struct err *
tell_cost(const struct spark_job *job, const struct emr_usage *u)
{
	AUTO_MEM void *tmp = mem_root();
	static const char *const names[] = { "service", "what", "quantity",
					     "unit",	"usd",	"priced_on" };
	struct rows *r = rows_new(tmp, 6);
	struct price p;
	bool priced;

	TRY(prices(job, &p, &priced));
	const struct item items[] = { { "vCPU", "vCPU-h", u->vcpu_h, p.vcpu_hour },
				      { "memory", "GB-h", u->memory_gb_h, p.memory_gb_hour },
				      { "storage", "GB-h", u->storage_gb_h, p.storage_gb_hour } };
	for (size_t c = 0; c < 6; c++)
		rows_column(r, c, names[c], c == 2 || c == 4 ? ROWS_NUMBER : ROWS_TEXT);
	for (size_t i = 0; i < 3; i++) {
		const char *cells[] = { "emr-serverless",
					mem_printf(tmp, "job %s %s", job->id, items[i].what),
					mem_printf(tmp, "%.6f", items[i].quantity),
					items[i].unit,
					priced ? price_usd(tmp, items[i].quantity, items[i].price)
					       : NULL,
					priced ? p.day : NULL };
		rows_add(r, cells);
	}
	return ledger_cost_put(job->ledger, job->run, r);
}

/* What it used is known at once; what is billed for it comes later. */
static void
tell_used(const struct spark_job *job)
{
	AUTO_MEM void *tmp = mem_root();
	const struct emr_usage *u = job->last.billed.known ? &job->last.billed : &job->last.used;

	if (!job->last.id || !u->known)
		return;
	struct err *e = tell_cost(job, u);
	if (e)
		log_warn("what the Spark job cost is not written down: %s", err_text(tmp, e));
	err_free(e);
}

struct err *
spark_bill(struct run *run)
{
	AUTO_MEM void *tmp = mem_root();
	struct spark_job *job = run->spark;
	struct emr_job last;

	if (!job || !job->id || job->last.billed.known)
		return NULL;
	struct err *e =
		emr_engine_bill(tmp, job->engine, job->application, job->id, BILL_MAX_S, &last);
	if (!e && last.billed.known)
		e = tell_cost(job, &last.billed);
	if (e && e->code == ERR_CANCELLED)
		return e;
	if (e)
		log_warn("what the Spark job cost is not known: %s", err_text(tmp, e));
	err_free(e);
	return NULL;
}

/* --- what the ledger knows --- */

static struct err *
book(const struct spark_job *job, bool open)
{
	const struct ledger_spark s = { .run = job->run,
					.application = job->own,
					.job = job->id,
					.state = job->last.state,
					.open = open };

	return ledger_spark_put(job->ledger, &s);
}

static bool
is_over(const struct spark_job *job)
{
	return job->last.id && emr_job_over(job->last.state);
}

/* --- a job --- */

static struct err *
watch(struct run *run, struct lake *lake, struct spark_job *job)
{
	int vcpu = settings_int(run->settings, "emr_max_vcpu");
	struct price p;
	bool priced;

	TRY(prices(job, &p, &priced));
	struct err *e = emr_engine_watch(job, job->engine, job->application, job->id,
					 raw_rows(run->batch),
					 priced ? emr_hourly(vcpu, raw_bytes(run->batch), &p) : 0,
					 heart_progress(run->heart), &job->last);
	tell_used(job);
	return e ? e : staging_read(run, lake, run->batch, &run->staging);
}

static struct err *
submit(struct run *run, struct lake *lake, struct spark_job *job, const struct spark_object *o)
{
	job->application = o->application;
	TRY(emr_engine_submit(job, job->engine, o->application, o->name, o->request,
			      heart_progress(run->heart), &job->id));
	TRY(book(job, true));
	return watch(run, lake, job);
}

/* Its intent first: who comes after us finds it. */
static struct err *
start(struct run *run, struct lake *lake, struct spark_job *job)
{
	struct batch *b = run->batch;
	struct emr_task task = { .bytes = raw_bytes(b) };
	struct spark_object o;
	const char *token;

	job->id = NULL;
	job->last = (struct emr_job){ 0 };
	TRY(book(job, true));
	b->attempt = run->attempt;
	o.key = spark_object_key(job, b);
	o.name = mem_printf(job, "bikeops %s a%d", b->prefix, b->attempt);
	task.name = o.name;
	task.object = lake_name(job, lake, LAKE_PROCESSED, o.key);
	task.logs = lake_name(job, lake, LAKE_LOG,
			      mem_printf(job, "emr-logs/%lld/a%d/", run->id, b->attempt));
	TRY(put_script(job, lake, &task.script));
	TRY(token_of(job, run, o.name, &token));
	TRY(emr_engine_application(job, job->engine, token, heart_progress(run->heart),
				   &job->application));
	TRY(token_of(job, run, task.object, &task.token));
	o.application = job->application;
	o.request = emr_engine_request(job, job->engine, &task);
	TRY(spark_object_write(run, lake, &o));
	return submit(run, lake, job, &o);
}

/* --- an earlier attempt's --- */

/* Nobody knows whether its request was sent: send it again, where that is still possible. */
static struct err *
take_up_request(struct run *run, struct lake *lake, struct spark_job *job,
		const struct spark_object *o, bool *done)
{
	TRY(emr_engine_alive(job->engine, o->application, done));
	if (!*done)
		return NULL;
	TRY(book(job, true));
	return submit(run, lake, job, o);
}

/* One that is over is gone on from where its tables are whole. */
static struct err *
take_up(struct run *run, struct lake *lake, struct spark_job *job, const struct spark_object *o,
	bool *done)
{
	TRY(emr_engine_find(job, job->engine, o->application, o->name, o->written_s - CLOCK_SLACK_S,
			    &job->last));
	run->batch->attempt = o->attempt;
	if (!job->last.id)
		return take_up_request(run, lake, job, o, done);
	job->application = o->application;
	job->id = job->last.id;
	log_info("EMR job %s of attempt %d is %s", job->id, o->attempt, job->last.state);
	*done = true;
	if (!emr_job_over(job->last.state))
		return watch(run, lake, job);
	struct err *e = staging_read(run, lake, run->batch, &run->staging);
	*done = !e || e->code != ERR_NOTFOUND;
	if (*done)
		return e;
	err_free(e);
	return NULL;
}

static struct err *
take_up_or_start(struct run *run, struct lake *lake, struct spark_job *job)
{
	struct spark_object o;
	bool done = false;

	TRY(spark_object_newest(job, lake, run->batch, &o));
	if (o.attempt)
		TRY(take_up(run, lake, job, &o, &done));
	return done ? NULL : start(run, lake, job);
}

/* One of its own goes with its run, unless a job may still be at work on it; true: none is left. */
static bool
drop_application(const struct spark_job *job, struct progress *progress)
{
	AUTO_MEM void *tmp = mem_root();

	if (!job->own || !job->application)
		return !job->own;
	struct err *e = emr_engine_drop(job->engine, job->application, progress);
	bool dropped = !e;
	if (e)
		log_warn("EMR application %s is not deleted: %s", job->application,
			 err_text(tmp, e));
	err_free(e);
	return dropped;
}

struct err *
spark_transform(struct run *run, struct lake *lake)
{
	struct spark_job *job = job_new(run, run->settings, run->ledger, run->id);

	mem_free(run->spark);
	run->spark = job;
	if (!strcmp(settings_get(run->settings, "emr_application"), "ephemeral"))
		job->own = application_name(job, run->settings, run->batch->prefix);
	TRY(open_engine(job));
	struct err *e = take_up_or_start(run, lake, job);
	bool gone = drop_application(job, e ? NULL : heart_progress(run->heart));
	return job->id ? err_first(e, book(job, !gone || !is_over(job))) : e;
}

/* --- what a run left --- */

/* One that EMR does not know, or knows no more, does not run. */
static struct err *
end_job(struct spark_job *job, const struct ledger_spark *left, bool *cancelled)
{
	const struct batch b = { .prefix = left->prefix };
	struct spark_object o;
	struct lake *lake;

	TRY(lake_open(job, job->settings, &lake));
	TRY(spark_object_newest(job, lake, &b, &o));
	if (!o.attempt)
		return NULL;
	TRY(emr_engine_find(job, job->engine, o.application, o.name, o.written_s - CLOCK_SLACK_S,
			    &job->last));
	if (!job->last.id)
		return NULL;
	job->id = job->last.id;
	*cancelled = !emr_job_over(job->last.state);
	if (*cancelled) {
		log_info("waits for the end of Spark job %s, which run %lld had left", job->id,
			 job->run);
		TRY(emr_engine_cancel(job, job->engine, o.application, job->id, NULL, &job->last));
	}
	tell_used(job);
	return NULL;
}

/* By its name: it may have been made, and no job of it written down.  true: none is left. */
static bool
end_application(struct spark_job *job)
{
	AUTO_MEM void *tmp = mem_root();

	if (!job->own)
		return true;
	struct err *e = emr_engine_named(job, job->engine, &job->application);
	bool none = !e && !job->application;
	if (e)
		log_warn("EMR application '%s' may stay: %s", job->own, err_text(tmp, e));
	err_free(e);
	return none || drop_application(job, NULL);
}

static struct err *
end_all(void *mem, struct spark_job *job, const struct ledger_spark *left, const char **ended)
{
	bool cancelled = false;

	TRY(open_engine(job));
	TRY(end_job(job, left, &cancelled));
	bool gone = end_application(job);
	if (cancelled)
		*ended = mem_printf(mem, "Spark job %s, which run %lld had left, is cancelled",
				    job->id, job->run);
	else if (gone && job->application)
		*ended = mem_printf(mem, "EMR application %s, which run %lld had left, is deleted",
				    job->application, job->run);
	return book(job, !gone);
}

static struct err *
end_one(void *mem, const struct settings *settings, struct ledger *ledger,
	const struct ledger_spark *left, const char **ended)
{
	AUTO_MEM void *tmp = mem_root();
	struct spark_job *job = job_new(tmp, settings, ledger, left->run);

	job->own = left->application;
	job->id = left->job;
	struct err *e = end_all(mem, job, left, ended);
	if (!e || e->code == ERR_CANCELLED)
		return e;
	const char *cure = err_hint_of(e);
	e = err_wrap(e, "%sSpark job%s%s of run %lld may go on", job->id ? "" : "a ",
		     job->id ? " " : "", job->id ? job->id : "", left->run);
	return err_hint(e, "%s%s'bikeops emr jobs' lists the jobs, 'bikeops emr cancel %s' ends it",
			cure ? cure : "", cure ? "; " : "", job->id ? job->id : "JOB");
}

static struct err *
left_of(void *mem, const struct settings *settings, struct ledger *ledger, const char *warehouse,
	struct ledger_spark **left, size_t *n)
{
	*n = 0;
	return strcmp(settings_get(settings, "lake"), "s3")
		       ? NULL
		       : ledger_spark_open(mem, ledger, warehouse, left, n);
}

struct err *
spark_end(void *mem, const struct settings *settings, struct ledger *ledger,
	  const struct ledger_run *run, const char **ended)
{
	AUTO_MEM void *tmp = mem_root();
	struct ledger_spark *left;
	size_t n;

	*ended = NULL;
	TRY(left_of(tmp, settings, ledger, run->warehouse, &left, &n));
	for (size_t i = 0; i < n; i++) {
		if (left[i].run == run->id)
			return end_one(mem, settings, ledger, &left[i], ended);
	}
	return NULL;
}

struct err *
spark_end_left(struct run *run)
{
	AUTO_MEM void *tmp = mem_root();
	struct ledger_spark *left;
	size_t n;

	TRY(left_of(tmp, run->settings, run->ledger, run->warehouse_name, &left, &n));
	for (size_t i = 0; i < n; i++) {
		const char *ended = NULL;

		if (left[i].run == run->id) /* it takes its own job up */
			continue;
		TRY(end_one(tmp, run->settings, run->ledger, &left[i], &ended));
		if (ended)
			log_info("%s", ended);
	}
	return NULL;
}
