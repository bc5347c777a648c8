#include "view/emr.h"

#include "base/mem.h"
#include "base/time.h"
#include "pipeline/price.h"

#include <stdlib.h>
#include <string.h>

struct column {
	const char *name;
	enum rows_type type;
};

static struct rows *
rows_of(void *mem, const struct column *columns, size_t n)
{
	struct rows *r = rows_new(mem, n);

	for (size_t i = 0; i < n; i++)
		rows_column(r, i, columns[i].name, columns[i].type);
	return r;
}

static const char *
at(void *mem, long long seconds)
{
	return seconds ? time_iso(mem, seconds * 1000000) : NULL;
}

static const char *
text(const char *s)
{
	return *s ? s : NULL;
}

struct err *
emr_view_open(void *mem, const struct settings *settings, struct emr **out)
{
	const char *region = settings_get(settings, "region");
	const struct aws_config config = { .region = *region ? region : NULL };

	return emr_open(mem, &config, out);
}

/* --- applications --- */

static const struct column app_columns[] = {
	{ "application", ROWS_TEXT }, { "name", ROWS_TEXT },	       { "state", ROWS_TEXT },
	{ "release", ROWS_TEXT },     { "idle_minutes", ROWS_INT },    { "warm_vcpu", ROWS_NUMBER },
	{ "warm_gb", ROWS_NUMBER },   { "usd_per_hour", ROWS_NUMBER }, { "max_cpu", ROWS_TEXT },
	{ "max_memory", ROWS_TEXT },  { "updated_at", ROWS_TEXT },
};

#define APP_COLUMNS (sizeof(app_columns) / sizeof(*app_columns))

/* Only workers that wait are billed while nothing runs. */
static char *
warm_usd(void *mem, const struct settings *settings, struct emr *emr,
	 const struct emr_application *a)
{
	bool on = !strcmp(a->state, "STARTED");
	const char *region;
	struct price p;
	struct err *e = emr_region(emr, &region);

	if (e || !price_emr(region, settings_get(settings, "emr_price_vcpu_hour"),
			    settings_get(settings, "emr_price_gb_hour"), &p)) {
		err_free(e);
		return NULL;
	}
	double nano =
		on ? a->warm_vcpu * (double)p.vcpu_hour + a->warm_gb * (double)p.memory_gb_hour : 0;
	return price_usd(mem, 1, (long long)nano);
}

static struct err *
add_app(void *mem, const struct settings *settings, struct emr *emr, const char *id, struct rows *r)
{
	struct emr_application a;

	TRY(emr_application_get(mem, emr, id, &a));
	const char *cells[APP_COLUMNS] = { a.id,
					   text(a.name),
					   a.state,
					   text(a.release),
					   a.auto_stop ? mem_printf(mem, "%d", a.idle_minutes)
						       : NULL,
					   mem_printf(mem, "%g", a.warm_vcpu),
					   mem_printf(mem, "%g", a.warm_gb),
					   warm_usd(mem, settings, emr, &a),
					   text(a.max_cpu),
					   text(a.max_memory),
					   at(mem, a.updated_s) };

	rows_add(r, cells);
	return NULL;
}

struct err *
emr_view_apps(void *mem, const struct settings *settings, struct emr *emr, struct rows **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r = rows_of(mem, app_columns, APP_COLUMNS);
	struct emr_application *list;
	size_t n;

	TRY(emr_application_list(tmp, emr, &list, &n));
	for (size_t i = 0; i < n; i++)
		TRY(add_app(tmp, settings, emr, list[i].id, r));
	*out = r;
	return NULL;
}

static void
add_check(void *mem, const struct rows *apps, size_t i, struct rows *r)
{
	const char *id = rows_get(apps, i, "application"), *usd = rows_get(apps, i, "usd_per_hour");
	bool costs = usd ? strtod(usd, NULL) > 0
			 : !strcmp(rows_get(apps, i, "state"), "STARTED") &&
				     strtod(rows_get(apps, i, "warm_vcpu"), NULL) > 0;
	const char *stops = rows_get(apps, i, "idle_minutes");
	const char *cells[] = {
		mem_printf(mem, "application %s", id),
		mem_printf(mem, "%s%s%s%s", rows_get(apps, i, "state"),
			   costs ? ", its warm workers cost " : "",
			   costs ? (usd ? usd : "money") : "", costs && usd ? " USD an hour" : ""),
		"stops when idle",
		costs || !stops ? "warn" : "ok",
		costs	 ? mem_printf(mem, "'bikeops emr stop %s' where nothing is to run", id)
		: !stops ? "set its autoStopConfiguration"
			 : NULL,
	};

	rows_add(r, cells);
}

struct err *
emr_view_checks(void *mem, const struct settings *settings, struct rows **out)
{
	static const struct column columns[] = { { "name", ROWS_TEXT },
						 { "value", ROWS_TEXT },
						 { "limit", ROWS_TEXT },
						 { "state", ROWS_TEXT },
						 { "hint", ROWS_TEXT } };
	AUTO_MEM void *tmp = mem_root();
	const char *ours = mem_printf(tmp, "bikeops-%s", settings_profile(settings));
	const char *id = settings_get(settings, "emr_application");
	struct rows *apps;
	struct emr *emr;

	*out = rows_of(mem, columns, 5);
	TRY(emr_view_open(tmp, settings, &emr));
	TRY(emr_view_apps(tmp, settings, emr, &apps));
	for (size_t i = 0; i < apps->n; i++) {
		const char *name = rows_get(apps, i, "name");

		if (!strcmp(rows_get(apps, i, "application"), id) ||
		    (name && !strncmp(name, ours, strlen(ours))))
			add_check(tmp, apps, i, *out);
	}
	return NULL;
}

/* --- jobs --- */

static const struct column job_columns[] = {
	{ "job", ROWS_TEXT },		{ "application", ROWS_TEXT },
	{ "name", ROWS_TEXT },		{ "state", ROWS_TEXT },
	{ "attempt", ROWS_INT },	{ "created_at", ROWS_TEXT },
	{ "updated_at", ROWS_TEXT },	{ "details", ROWS_TEXT },
	{ "started_at", ROWS_TEXT },	{ "ended_at", ROWS_TEXT },
	{ "billed", ROWS_BOOL },	{ "vcpu_h", ROWS_NUMBER },
	{ "memory_gb_h", ROWS_NUMBER }, { "storage_gb_h", ROWS_NUMBER },
	{ "log", ROWS_TEXT },
};

#define LIST_COLUMNS 8
#define JOB_COLUMNS  (sizeof(job_columns) / sizeof(*job_columns))

static void
job_cells(void *mem, const char **cells, const struct emr_job *j)
{
	const char *list[LIST_COLUMNS] = { j->id,
					   j->application,
					   text(j->name),
					   j->state,
					   mem_printf(mem, "%d", j->attempt),
					   at(mem, j->created_s),
					   at(mem, j->updated_s),
					   text(j->details) };

	memcpy(cells, list, sizeof(list));
}

static struct err *
add_jobs(struct emr *emr, const char *application, struct rows *r)
{
	AUTO_MEM void *tmp = mem_root();
	struct emr_job *list;
	size_t n;

	TRY(emr_job_list(tmp, emr, application, 0, &list, &n));
	for (size_t i = 0; i < n; i++) {
		const char *cells[LIST_COLUMNS];

		job_cells(tmp, cells, &list[i]);
		rows_add(r, cells);
	}
	return NULL;
}

struct err *
emr_view_jobs(void *mem, struct emr *emr, const char *application, struct rows **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r = rows_of(mem, job_columns, LIST_COLUMNS);
	struct emr_application *list;
	size_t n = 0;

	if (application)
		TRY(add_jobs(emr, application, r));
	else
		TRY(emr_application_list(tmp, emr, &list, &n));
	for (size_t i = 0; i < n; i++)
		TRY(add_jobs(emr, list[i].id, r));
	*out = r;
	return NULL;
}

struct err *
emr_view_find(void *mem, struct emr *emr, const char *application, const char *job,
	      struct emr_job *out)
{
	AUTO_MEM void *tmp = mem_root();
	struct emr_application *list;
	size_t n;

	if (application)
		return emr_job_get(mem, emr, application, job, out);
	TRY(emr_application_list(tmp, emr, &list, &n));
	for (size_t i = 0; i < n; i++) {
		struct err *e = emr_job_get(mem, emr, list[i].id, job, out);

		if (!e || e->code != ERR_NOTFOUND)
			return e;
		err_free(e);
	}
	return err_hint(err_new(ERR_NOTFOUND, "no EMR application has a job '%s'", job),
			"'bikeops emr jobs' lists them; one whose application is deleted is gone");
}

struct rows *
emr_view_job(void *mem, const struct emr_job *j)
{
	const struct emr_usage *u = j->billed.known ? &j->billed : &j->used;
	struct rows *r = rows_of(mem, job_columns, JOB_COLUMNS);
	const char *cells[JOB_COLUMNS];

	job_cells(mem, cells, j);
	cells[8] = at(mem, j->started_s);
	cells[9] = at(mem, j->ended_s);
	cells[10] = j->billed.known ? "true" : "false";
	cells[11] = u->known ? mem_printf(mem, "%g", u->vcpu_h) : NULL;
	cells[12] = u->known ? mem_printf(mem, "%g", u->memory_gb_h) : NULL;
	cells[13] = u->known ? mem_printf(mem, "%g", u->storage_gb_h) : NULL;
	cells[14] = j->logs;
	rows_add(r, cells);
	return r;
}

struct err *
emr_view_attempts(void *mem, struct emr *emr, const struct emr_job *job, struct rows **out)
{
	static const struct column columns[] = { { "attempt", ROWS_INT },
						 { "state", ROWS_TEXT },
						 { "created_at", ROWS_TEXT },
						 { "updated_at", ROWS_TEXT },
						 { "details", ROWS_TEXT } };
	AUTO_MEM void *tmp = mem_root();
	struct emr_job *list;
	size_t n;

	*out = rows_of(mem, columns, 5);
	TRY(emr_job_attempts(tmp, emr, job->application, job->id, &list, &n));
	for (size_t i = 0; i < n; i++) {
		const char *cells[] = { mem_printf(tmp, "%d", list[i].attempt), list[i].state,
					at(tmp, list[i].created_s), at(tmp, list[i].updated_s),
					text(list[i].details) };
		rows_add(*out, cells);
	}
	return NULL;
}
