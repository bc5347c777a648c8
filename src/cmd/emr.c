#include "view/emr.h"

#include "base/log.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/people.h"

#include <string.h>

#define JOB_LIST "job application name state attempt created_at updated_at details"

/* Jobs of a production are ended by its runs alone. */
static struct err *
check_locked(struct cmd *c)
{
	if (!settings_bool(c->settings, "production") || cmd_flag(c, "dry-run"))
		return NULL;
	return err_hint(
		err_new(ERR_REFUSED, "profile '%s' is production: 'emr %s' is refused",
			settings_profile(c->settings), c->argv[0]),
		"--dry-run shows what it would do; 'bikeops run cancel RUN' ends a run with "
		"its job");
}

static struct err *
emr_apps(struct cmd *c, struct emr *emr)
{
	struct cmd_table table = { "applications", NULL, NULL };

	TRY(emr_view_apps(c->mem, c->settings, emr, &table.rows));
	if (c->output == CMD_TABLE)
		table.rows = people_rows(c, table.rows,
					 "application name state release idle_minutes warm_vcpu "
					 "warm_gb usd_per_hour updated_at");
	return cmd_print(c, "emr-apps", &table, 1);
}

static struct err *
emr_jobs(struct cmd *c, struct emr *emr)
{
	struct cmd_table table = { "jobs", NULL, NULL };

	TRY(emr_view_jobs(c->mem, emr, cmd_option(c, "application"), &table.rows));
	if (c->output == CMD_TABLE)
		table.rows = people_rows(c, table.rows, JOB_LIST);
	return cmd_print(c, "emr-jobs", &table, 1);
}

static struct err *
emr_job_show(struct cmd *c, struct emr *emr)
{
	struct cmd_table tables[] = { { "job", NULL, NULL }, { "attempts", NULL, NULL } };
	struct emr_job job;

	TRY(emr_view_find(c->mem, emr, cmd_option(c, "application"), c->argv[1], &job));
	tables[0].rows = emr_view_job(c->mem, &job);
	TRY(emr_view_attempts(c->mem, emr, &job, &tables[1].rows));
	if (c->output == CMD_TABLE) {
		tables[0].rows = people_list(c, tables[0].rows,
					     JOB_LIST " started_at ended_at billed vcpu_h "
						      "memory_gb_h storage_gb_h log");
		tables[1].rows = people_rows(c, tables[1].rows,
					     "attempt state created_at updated_at details");
	}
	return cmd_print(c, "emr-job", tables, 2);
}

static struct err *
emr_cancel(struct cmd *c, struct emr *emr)
{
	struct emr_job job;

	TRY(emr_view_find(c->mem, emr, cmd_option(c, "application"), c->argv[1], &job));
	if (emr_job_over(job.state))
		return err_new(ERR_REFUSED, "EMR job %s is over: it is %s", job.id, job.state);
	if (cmd_flag(c, "dry-run")) {
		log_info("would cancel EMR job %s, which is %s: %s", job.id, job.state, job.name);
		return NULL;
	}
	TRY(emr_job_cancel(emr, job.application, job.id));
	log_info("EMR job %s was asked to end", job.id);
	return NULL;
}

static struct err *
emr_stop(struct cmd *c, struct emr *emr)
{
	struct emr_application a;

	TRY(emr_application_get(c->mem, emr, c->argv[1], &a));
	if (cmd_flag(c, "dry-run")) {
		log_info("would stop EMR application %s, which is %s: %s", a.id, a.state, a.name);
		return NULL;
	}
	TRY(emr_application_stop(emr, a.id));
	log_info("EMR application %s was asked to stop", a.id);
	return NULL;
}

static const struct verb {
	const char *name;
	const char *what; /* its argument, or NULL */
	bool writes;
	struct err *(*run)(struct cmd *c, struct emr *emr);
} verbs[] = {
	{ "apps", NULL, false, emr_apps },	   { "jobs", NULL, false, emr_jobs },
	{ "job", "JOB", false, emr_job_show },	   { "cancel", "JOB", true, emr_cancel },
	{ "stop", "APPLICATION", true, emr_stop },
};

static struct err *
run_emr(struct cmd *c)
{
	const struct verb *v = verbs;
	struct emr *emr;

	while (v < verbs + 5 && strcmp(v->name, c->argv[0]))
		v++;
	if (v == verbs + 5)
		return err_hint(err_new(ERR_USAGE, "'emr' does not know what '%s' is", c->argv[0]),
				"say apps, jobs, job, cancel or stop");
	if (c->argc != (v->what ? 2 : 1))
		return err_new(ERR_USAGE, v->what ? "'emr %s' needs %s" : "'emr %s' takes no %s",
			       v->name, v->what ? v->what : "argument");
	if (v->writes)
		TRY(check_locked(c));
	TRY(emr_view_open(c->mem, c->settings, &emr));
	return v->run(c, emr);
}

static const struct option options[] = {
	{ "application", "ID", "jobs, job, cancel: of this application alone" },
	{ "dry-run", NULL, "cancel, stop: show what it would do" },
	{ NULL, NULL, NULL },
};

const struct command cmd_emr = {
	.name = "emr",
	.args = "apps|jobs|job JOB|cancel JOB|stop APPLICATION",
	.summary = "Look at Spark on EMR Serverless, or end a job",
	.help = "apps               the applications, and what their warm workers cost an hour\n"
		"jobs               the jobs of all applications, or of one\n"
		"job JOB            one job with its attempts, and where its log is\n"
		"cancel JOB         ask a job to end\n"
		"stop APPLICATION   stop one on which no job runs",
	.words = "apps jobs job cancel stop",
	.min_args = 1,
	.max_args = 2,
	.flags = CMD_WRITES,
	.options = options,
	.run = run_emr,
};
