#include "view/why.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "view/runs.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define WHY_ERROR_MAX 65536

void
why_fingerprint(const char *error, char print[WHY_PRINT])
{
	AUTO_MEM void *tmp = mem_root();
	char hex[DIGEST_HEX];
	struct strbuf sb;

	strbuf_init(&sb, tmp, WHY_ERROR_MAX);
	for (const char *p = error; *p; p++) {
		if (!isdigit((unsigned char)*p))
			strbuf_char(&sb, *p);
		else if (p == error || !isdigit((unsigned char)p[-1]))
			strbuf_char(&sb, '#');
	}
	digest_text(sb.s, hex);
	memcpy(print, hex, WHY_PRINT - 1);
	print[WHY_PRINT - 1] = '\0';
}

/* The task that failed last, in the first of its tries that did; died: why one still runs. */
static void
why_task(struct why *w, const struct rows *tasks, const char *died)
{
	for (size_t i = 0; i < tasks->n; i++) {
		const char *state = rows_get(tasks, i, "state"), *task = rows_get(tasks, i, "task");
		const char *error = rows_get(tasks, i, "error");

		if (strcmp(state, "failed") && !(died && !strcmp(state, "running")))
			continue;
		if (!w->task || strcmp(w->task, task))
			*w = (struct why){ .task = task,
					   .at = rows_get(tasks, i, "ended_at"),
					   .cause = error ? error : died };
		w->last = error ? error : died;
		w->tries++;
	}
	if (w->cause && !strcmp(w->cause, w->last))
		w->last = NULL;
}

/* The run's own error has the task's name in front. */
static void
why_same(void *mem, struct why *w, const char *error, const struct rows *before)
{
	why_fingerprint(error, w->fingerprint);
	for (size_t i = 0; i < before->n; i++) {
		const char *other = rows_get(before, i, "error"), *run = rows_get(before, i, "run");
		char print[WHY_PRINT];

		if (rows_bool(before, i, "good"))
			w->good = rows_int(before, i, "run");
		if (!other)
			continue;
		why_fingerprint(other, print);
		if (!strcmp(print, w->fingerprint))
			w->same = w->same ? mem_printf(mem, "%s, %s", w->same, run) : run;
	}
	w->n_before = (long long)before->n;
}

static struct err *
why_differ(void *mem, struct why *w, struct ledger *l, const struct rows *run)
{
	static const char *const names[] = { "what", "now", "then" };
	static const char *const what[] = { "mode",   "rows", "program",
					    "engine", "host", "requested_by" };
	AUTO_MEM void *tmp = mem_root();
	struct run_view good;

	w->differ = rows_new(mem, 3);
	for (size_t c = 0; c < 3; c++)
		rows_column(w->differ, c, names[c], ROWS_TEXT);
	if (!w->good)
		return NULL;
	TRY(runs_show(tmp, l, w->good, &good));
	for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
		const char *now = rows_get(run, 0, what[i]), *then = rows_get(good.run, 0, what[i]);
		const char *cells[] = { what[i], now, then };

		if (strcmp(now ? now : "", then ? then : ""))
			rows_add(w->differ, cells);
	}
	return NULL;
}

static const char *
why_next(void *mem, const struct rows *run)
{
	const char *hint = rows_get(run, 0, "hint"), *id = rows_get(run, 0, "run");

	if (rows_bool(run, 0, "covered"))
		return RUN_COVERED_NEXT;
	if (hint)
		return hint;
	if (!strcmp(rows_get(run, 0, "pipeline"), "setup"))
		return "'bikeops setup' again makes what is missing";
	if (rows_get(run, 0, "manifest") || !strcmp(rows_get(run, 0, "mode"), "undo"))
		return mem_printf(mem,
				  "'bikeops run resume %s' goes on where it stood; nothing half "
				  "done is in serving",
				  id);
	return "'bikeops run incremental' takes all of it again";
}

struct err *
why_fetch(void *mem, struct ledger *l, const struct rows *run, const struct rows *tasks,
	  struct why **out)
{
	const char *id = rows_get(run, 0, "run"), *state = rows_get(run, 0, "state");
	const char *error = rows_get(run, 0, "error");
	bool dead = !strcmp(state, "dead");
	struct rows *before;

	*out = NULL;
	if (!dead && strcmp(state, "failed"))
		return NULL;
	if (!error)
		error = "no reason was written down";
	struct why *w = mem_new(mem, struct why);
	why_task(w, tasks, dead ? error : NULL);
	if (!w->cause)
		w->cause = error;
	if (!w->at)
		w->at = rows_get(run, 0, "ended_at");
	TRY(ledger_read(mem, l, "pipeline_before", &id, 1, &before));
	why_same(mem, w, error, before);
	TRY(why_differ(mem, w, l, run));
	const char *hint = rows_get(run, 0, "hint");
	w->rejects = hint && strstr(hint, "'bikeops rejects'");
	w->next = why_next(mem, run);
	*out = w;
	return NULL;
}
