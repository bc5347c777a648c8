#include "engine/emr_watch.h"

#include "base/cancel.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "engine/emr_log.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK	      "transform.check_spark_job"
#define SAYS	      "bikeops: " /* how our lines in the driver's log begin */
#define SAYS_ERROR    "bikeops: error: "
#define POLL_MS	      1000 /* at work: its end is seen half a second later */
#define POLL_WAIT_MS  2000 /* not begun */
#define POLL_LATE_MS  5000 /* not begun for long */
#define POLL_LATE_AGE 60000
#define LOG_MS	      15000
#define FLUSH_MS      30000 /* how late the last log may be */
#define FLUSH_WAIT_MS 2000
#define OUTAGE_MS     600000 /* EMR may be away so long while its job goes on */
#define CANCEL_MAX_MS 300000
#define WORDS_MAX     1000
#define DETAILS_MAX   256 /* EMR cuts what it says of a job's state */

struct watch {
	void *mem;
	struct emr_engine *e;
	const char *application, *job;
	struct progress *progress;
	struct emr_log *out;   /* of its stdout; NULL until it is known where that is */
	void *seen;	       /* what is known of the job */
	long long rows, total; /* staged, and to read */
	long long hourly;      /* 1e-9 USD, 0: not known */
	char at[64];	       /* "stg_sales 5/6" */
	long long log_at_ms, heard_at_ms, begun_at_ms;
};

int
emr_poll_ms(const char *state, long long age_ms)
{
	if (!strcmp(state, "SUBMITTED") || !strcmp(state, "PENDING") ||
	    !strcmp(state, "SCHEDULED") || !strcmp(state, "QUEUED"))
		return age_ms < POLL_LATE_AGE ? POLL_WAIT_MS : POLL_LATE_MS;
	return POLL_MS;
}

/* A fifth more or less, so that not all ask at once. */
static int
jitter(int ms)
{
	return ms - ms / 5 + (int)(time_now_us() % (2 * ms / 5 + 1));
}

void
emr_pause(int ms)
{
	poll(NULL, 0, ms);
}

/* --- the driver's log --- */

static void
watch_line(void *arg, const char *text)
{
	struct watch *w = arg;
	char table[40], done[16];
	long long rows;

	if (strncmp(text, SAYS, strlen(SAYS)))
		return;
	log_info("spark: %s", text + strlen(SAYS));
	if (sscanf(text, SAYS "step %39s %15s rows %lld", table, done, &rows) == 3) {
		w->rows += strcmp(table, "stg_date") ? rows : 0;
		snprintf(w->at, sizeof(w->at), ", %s %s", table, done);
	} else if (sscanf(text, SAYS "begin %39s %15s", table, done) == 2) {
		snprintf(w->at, sizeof(w->at), ", %s %s", table, done);
	}
}

/* A log that cannot be read stops no job. */
static void
watch_log(struct watch *w, const struct emr_job *job)
{
	AUTO_MEM void *tmp = mem_root();
	bool changed;

	if (!w->out && job->logs)
		w->out = emr_log_new(w->mem, w->e->s3, job->logs, "stdout");
	if (!w->out)
		return;
	struct err *e = emr_log_read(w->out, watch_line, w, &changed);

	if (e && e->code != ERR_CANCELLED)
		log_debug("the log of the Spark driver cannot be read: %s", err_text(tmp, e));
	err_free(e);
	w->log_at_ms = time_tick_ms() + LOG_MS;
}

/* --- why it failed --- */

struct words {
	void *mem;
	const char *error; /* the last of our own */
	const char *last;  /* the last line that says something */
};

static void
words_line(void *arg, const char *text)
{
	struct words *w = arg;
	const char *error = strstr(text, SAYS_ERROR);

	if (error)
		w->error = mem_strndup(w->mem, error + strlen(SAYS_ERROR), WORDS_MAX);
	if (strstr(text, "Exception") || strstr(text, "Error"))
		w->last = mem_strndup(w->mem, text, WORDS_MAX);
	log_file(LOG_INFO, text);
}

/* Its stderr comes up to half a minute after its end. */
static void
words_read(struct watch *w, const struct emr_job *job, struct words *words)
{
	struct emr_log *log = emr_log_new(words->mem, w->e->s3, job->logs, "stderr");
	long long end = time_tick_ms() + FLUSH_MS;

	while (!words->error) {
		bool changed;
		struct err *e = emr_log_read(log, words_line, words, &changed);
		bool bad = e != NULL;

		err_free(e);
		if (bad || words->error || time_tick_ms() >= end || cancel_requested())
			return;
		time_sleep_ms(FLUSH_WAIT_MS);
	}
}

static struct err *
watch_failed(struct watch *w, const struct emr_job *job)
{
	AUTO_MEM void *tmp = mem_root();
	struct words words = { .mem = tmp };
	const char *said = strstr(job->details, SAYS_ERROR);
	const char *cure = emr_cure(tmp, job->details);
	bool cancelled = !strcmp(job->state, "CANCELLED");
	bool whole = said && strlen(job->details) < DETAILS_MAX;

	if (!cure && !whole && !cancelled && job->logs) {
		words_read(w, job, &words);
		if (!words.error && !words.last && job->started_s)
			cure = mem_printf(
				tmp,
				"no log came to '%s': emr_role_arn needs s3:PutObject there and "
				"on the processed bucket",
				job->logs);
	}
	if (!words.error && said)
		words.error = said + strlen(SAYS_ERROR);
	const char *reason = words.error     ? words.error
			     : *job->details ? job->details
			     : words.last    ? words.last
					     : "it gives no reason";
	if (!cure)
		cure = emr_cure(tmp, reason);
	struct err *e = err_new(ERR_REMOTE, "Spark job %s %s: %s", w->job,
				cancelled ? "was cancelled" : "failed", reason);
	return err_hint(e, "%s",
			cure ? cure
			     : mem_printf(tmp, "'bikeops emr job %s' shows it; its log is in '%s'",
					  w->job, job->logs ? job->logs : "no bucket"));
}

/* --- the wait --- */

/* ", about 0.012345 USD": by list price, for the bill comes after the end. */
static const char *
cost_so_far(void *mem, const struct watch *w, const struct emr_job *job)
{
	double hours = (double)(time_now_us() / 1000000 - job->started_s) / 3600;

	if (!w->hourly || !job->started_s || emr_job_over(job->state) || hours < 0)
		return "";
	return mem_printf(mem, ", about %s USD", price_usd(mem, hours, w->hourly));
}

static void
watch_note(const struct watch *w, const struct emr_job *job)
{
	AUTO_MEM void *tmp = mem_root();

	progress_tell(w->progress, CHECK, w->rows, 0, w->total);
	progress_note(w->progress, CHECK,
		      mem_printf(tmp, "EMR job %s %s attempt %d%s%s%s%s", w->job, job->state,
				 job->attempt, w->at, cost_so_far(tmp, w, job),
				 *job->details && !emr_job_over(job->state) ? ": " : "",
				 emr_job_over(job->state) ? "" : job->details));
}

struct err *
emr_engine_cancel(void *mem, struct emr_engine *e, const char *application, const char *job,
		  struct progress *progress, struct emr_job *out)
{
	struct watch w = { .application = application, .job = job, .progress = progress };
	long long end = time_tick_ms() + CANCEL_MAX_MS;
	bool cancelled = cancel_requested(); /* why it ends the job, else an end of the wait */

	TRY(emr_job_cancel(e->deaf, application, job));
	while (true) {
		TRY(emr_job_get(mem, e->deaf, application, job, out));
		watch_note(&w, out);
		if (emr_job_over(out->state))
			return NULL;
		if (time_tick_ms() > end)
			return err_hint(
				err_new(ERR_TIMEOUT, "Spark job %s stays %s", job, out->state),
				"'bikeops emr job %s' shows it", job);
		emr_pause(jitter(POLL_MS));
		if (!cancelled)
			TRY(cancel_check());
	}
}

static struct err *
watch_cancel(void *mem, struct watch *w, struct emr_job *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct err *e = emr_engine_cancel(mem, w->e, w->application, w->job, w->progress, out);

	if (e)
		log_warn("the Spark job may go on: %s", err_text(tmp, e));
	err_free(e);
	return cancel_check();
}

/* EMR that does not answer stops no job: ask again, for a while. */
static struct err *
watch_outage(struct watch *w, struct err *e)
{
	AUTO_MEM void *tmp = mem_root();
	long long away = time_tick_ms() - w->heard_at_ms;

	if (!err_may_retry(e->code) || away > OUTAGE_MS)
		return err_wrap(
			e,
			"cannot see Spark job %s, which goes on ('bikeops emr cancel %s' ends it)",
			w->job, w->job);
	progress_note(w->progress, CHECK,
		      mem_printf(tmp, "EMR job %s: no answer for %s", w->job,
				 time_age(tmp, away / 1000)));
	log_debug("%s", err_text(tmp, e));
	err_free(e);
	return NULL;
}

static struct err *
watch_once(void *mem, struct watch *w, struct emr_job *out)
{
	void *seen = mem_child(mem);
	struct err *e = emr_job_get(seen, w->e->emr, w->application, w->job, out);

	mem_free(e ? seen : w->seen);
	if (!e)
		w->seen = seen;
	if (e && e->code == ERR_CANCELLED) {
		err_free(e);
		return NULL;
	}
	if (e)
		return watch_outage(w, e);
	w->heard_at_ms = time_tick_ms();
	if (w->heard_at_ms >= w->log_at_ms || emr_job_over(out->state))
		watch_log(w, out);
	watch_note(w, out);
	return NULL;
}

static struct err *
watch_all(void *mem, struct watch *w, struct emr_job *out)
{
	while (true) {
		TRY(watch_once(mem, w, out));
		if (out->id && emr_job_over(out->state))
			break;
		if (cancel_requested())
			return watch_cancel(mem, w, out);
		time_sleep_ms(jitter(
			emr_poll_ms(out->id ? out->state : "", time_tick_ms() - w->begun_at_ms)));
	}
	return strcmp(out->state, "SUCCESS") ? watch_failed(w, out) : NULL;
}

struct err *
emr_engine_watch(void *mem, struct emr_engine *e, const char *application, const char *job,
		 long long rows, long long hourly, struct progress *progress, struct emr_job *out)
{
	AUTO_MEM void *tmp = mem_root();
	long long now = time_tick_ms();
	struct watch w = { .mem = tmp,
			   .e = e,
			   .application = application,
			   .job = job,
			   .progress = progress,
			   .total = rows,
			   .hourly = hourly,
			   .log_at_ms = now + LOG_MS,
			   .heard_at_ms = now,
			   .begun_at_ms = now };

	*out = (struct emr_job){ 0 };
	progress_tell(progress, CHECK, 0, 0, rows);
	return watch_all(mem, &w, out);
}
