#include "view/logbeside.h"

#include "base/mem.h"
#include "base/thread.h"
#include "base/time.h"
#include "local/env.h"
#include "view/logmirror.h"
#include "view/runs.h"

#include <stdatomic.h>

#define TICK_MS	 100
#define RETRY_MS 1000
#define REST_MS	 3000
#define BUDGET_S 5

struct logbeside {
	const char *config, *profile;
	long long run;
	atomic_bool ended;
	atomic_llong touched_ms;
};

static struct err *
beside_open(void *mem, const struct logbeside *b, struct logmirror **out)
{
	AUTO_MEM void *tmp = mem_root();
	struct settings *settings;
	struct ledger *ledger;
	const char *airflow;

	TRY(local_settings(mem, b->config, b->profile, &settings));
	TRY(ledger_open_read(tmp, settings, &ledger));
	TRY(runs_airflow(tmp, ledger, b->run, &airflow));
	return logmirror_open(mem, settings, b->run, airflow, BUDGET_S, out);
}

/* The log's age shows where nothing came; then how long to wait. */
static int
beside_look(void *mem, const struct logbeside *b, struct logmirror **mirror)
{
	void *ours = *mirror ? NULL : mem_child(mem);
	struct err *e = *mirror ? NULL : beside_open(ours, b, mirror);

	if (!*mirror)
		mem_free(ours);
	if (!e)
		e = logmirror_look(*mirror);
	int ms = e ? RETRY_MS : TICK_MS;
	err_free(e);
	return ms;
}

static struct err *
beside_job(void *arg)
{
	struct logbeside *b = arg;
	AUTO_MEM void *mem = mem_root();
	struct logmirror *mirror = NULL;

	while (!atomic_load(&b->ended)) {
		int ms = TICK_MS;

		if (time_tick_ms() - atomic_load(&b->touched_ms) < REST_MS)
			ms = beside_look(mem, b, &mirror);
		time_sleep_ms(ms);
	}
	mem_free(b);
	return NULL;
}

struct logbeside *
logbeside_start(const char *config, const char *profile, long long run)
{
	struct logbeside *b = mem_new(NULL, struct logbeside);

	b->config = config ? mem_strdup(b, config) : NULL;
	b->profile = mem_strdup(b, profile);
	b->run = run;
	atomic_store(&b->touched_ms, time_tick_ms());
	thread_leave(beside_job, b);
	return b;
}

void
logbeside_touch(struct logbeside *b)
{
	atomic_store(&b->touched_ms, time_tick_ms());
}

void
logbeside_stop(struct logbeside *b)
{
	if (b)
		atomic_store(&b->ended, true);
}
