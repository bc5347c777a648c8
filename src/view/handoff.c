#include "view/handoff.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "local/files.h"
#include "local/home.h"
#include "view/logs.h"

#include <jansson.h>
#include <string.h>

#define HANDOFF_MAX    (1U << 28)
#define FAULTS_MAX     100 /* lines of the log that say what was wrong */
#define ENDING	       50  /* and its last ones */
#define COMMANDS_MAX   200
#define COMMANDS_BYTES ((size_t)1 << 20) /* of them that are read */

static struct rows *
handoff_table(void *mem, const char *const *names, size_t n)
{
	struct rows *r = rows_new(mem, n);

	for (size_t i = 0; i < n; i++)
		rows_column(r, i, names[i], ROWS_TEXT);
	return r;
}

/* --- the log --- */

static bool
handoff_faulty(const struct rows *r, size_t i)
{
	const char *level = rows_get(r, i, "level");

	return level && (!strcmp(level, "error") || !strcmp(level, "warning"));
}

static void
handoff_slice(struct rows *out, const struct rows *lines)
{
	size_t ending = lines->n > ENDING ? lines->n - ENDING : 0, faults = 0;

	for (size_t i = 0; i < lines->n; i++) {
		bool fault = handoff_faulty(lines, i) && faults++ < FAULTS_MAX;

		if (fault || i >= ending)
			rows_add(out, &lines->cells[i * lines->n_cols]);
	}
}

static struct err *
handoff_log(void *mem, const struct settings *settings, long long run, struct rows **out)
{
	static const char *const names[] = { "time", "level", "task", "message" };
	AUTO_MEM void *tmp = mem_root();
	struct rows *lines;
	struct logs *logs;

	*out = handoff_table(mem, names, 4);
	TRY(logs_open(tmp, settings, run, NULL, &logs));
	TRY(logs_skip(logs, *out));
	TRY(logs_next(tmp, logs, &lines));
	handoff_slice(*out, lines);
	return NULL;
}

/* --- what the console sent --- */

static void
handoff_command(struct rows *r, const char *profile, const char *line)
{
	json_t *json = json_loads(line, 0, NULL);
	const char *of = json_string_value(json_object_get(json, "profile"));
	const char *cells[7];

	for (size_t i = 0; i < 7; i++)
		cells[i] = json_string_value(json_object_get(json, r->names[i]));
	if (of && !strcmp(of, profile))
		rows_add(r, cells);
	json_decref(json);
}

static struct rows *
handoff_commands(void *mem, const char *profile)
{
	static const char *const names[] = { "at",     "who",	 "what",  "command",
					     "ticket", "reason", "result" };
	AUTO_MEM void *tmp = mem_root();
	struct rows *r = handoff_table(mem, names, 7);
	char *text, *rest = NULL;
	size_t n = 0;
	struct err *e =
		file_read_end(tmp, home_state_path(tmp, "audit.jsonl"), COMMANDS_BYTES, &text);

	if (e) { /* nothing was ever sent */
		err_free(e);
		return r;
	}
	for (const char *c = text; *c; c++)
		n += *c == '\n';
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (n-- <= COMMANDS_MAX)
			handoff_command(r, profile, line);
	}
	return r;
}

struct err *
handoff_fetch(void *mem, const struct settings *settings, struct ledger *l, long long run,
	      struct handoff *out)
{
	*out = (struct handoff){ 0 };
	TRY(runs_show(mem, l, run, &out->run));
	TRY(why_fetch(mem, l, out->run.run, out->run.tasks, &out->why));
	TRY(counts_fetch(mem, settings, l, false, &out->counts));
	struct err *e = handoff_log(mem, settings, run, &out->log);
	if (e && e->code != ERR_NOTFOUND)
		return e;
	err_free(e);
	out->commands = handoff_commands(mem, settings_profile(settings));
	return NULL;
}

/* --- the texts --- */

static struct rows *
handoff_why(void *mem, const struct handoff *h)
{
	static const char *const names[] = { "task", "at", "cause", "fingerprint", "same", "next" };
	struct rows *r = handoff_table(mem, names, 6);

	if (h->why)
		rows_add(r,
			 (const char *const[]){ h->why->task, h->why->at, h->why->cause,
						h->why->fingerprint, h->why->same, h->why->next });
	return r;
}

struct part {
	const char *name, *title;
	const struct rows *rows;
};
#define HANDOFF_PARTS 11

static void
handoff_parts(void *mem, const struct handoff *h, struct part *parts)
{
	const struct part all[HANDOFF_PARTS] = {
		{ "why", "Why it failed", handoff_why(mem, h) },
		{ "differ", "What differs from the last good run",
		  h->why ? h->why->differ : rows_new(mem, 0) },
		{ "run", "The run", h->run.run },
		{ "tasks", "Tasks", h->run.tasks },
		{ "steps", "Steps", h->run.steps },
		{ "counts", "Layers", h->counts.counts },
		{ "sums", "Sums", h->counts.sums },
		{ "books", "Books", h->counts.books },
		{ "events", "Events", h->run.events },
		{ "log", "Log: what was wrong, and its end", h->log },
		{ "commands", "Sent from the console here", h->commands },
	};

	memcpy(parts, all, sizeof(all));
}

/* One row is a list of what it has; more are a table.  Indented: nothing in it is markup. */
static void
handoff_part(struct strbuf *out, const struct part *p)
{
	AUTO_MEM void *tmp = mem_root();
	struct strbuf text;
	char *rest = NULL;

	strbuf_init(&text, tmp, HANDOFF_MAX);
	if (p->rows->n == 1) {
		for (size_t c = 0; c < p->rows->n_cols; c++) {
			if (rows_cell(p->rows, 0, c))
				strbuf_printf(&text, "%-14s %s\n", p->rows->names[c],
					      rows_cell(p->rows, 0, c));
		}
	} else {
		rows_table(p->rows, &text);
	}
	strbuf_printf(out, "\n## %s\n\n", p->title);
	for (char *line = strtok_r(text.s, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		strbuf_printf(out, "    %s\n", line);
}

char *
handoff_markdown(void *mem, const struct handoff *h)
{
	struct part parts[HANDOFF_PARTS];
	const struct rows *r = h->run.run;
	struct strbuf out;

	handoff_parts(mem, h, parts);
	strbuf_init(&out, mem, HANDOFF_MAX);
	strbuf_printf(&out, "# Run %s: %s %s\n", rows_get(r, 0, "run"), rows_get(r, 0, "mode"),
		      rows_get(r, 0, "state"));
	for (size_t i = 0; i < HANDOFF_PARTS; i++) {
		if (parts[i].rows->n)
			handoff_part(&out, &parts[i]);
	}
	return out.s;
}

char *
handoff_json(void *mem, const struct handoff *h)
{
	struct part parts[HANDOFF_PARTS];
	struct strbuf out;

	handoff_parts(mem, h, parts);
	strbuf_init(&out, mem, HANDOFF_MAX);
	strbuf_str(&out, "{\"schema\":\"bikeops.handoff-bundle/1\"");
	for (size_t i = 0; i < HANDOFF_PARTS; i++) {
		strbuf_printf(&out, ",\n\"%s\":", parts[i].name);
		rows_json(parts[i].rows, &out);
	}
	strbuf_str(&out, "}\n");
	return out.s;
}
