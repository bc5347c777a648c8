#include "view/logs.h"
#include "base/cancel.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "cmd/cmd.h"
#include "ledger/ledger.h"
#include "view/runs.h"

#include <stdio.h>

#define POLL_MS 200

static void
text_line(struct strbuf *out, const struct rows *r, size_t i)
{
	const char *time = rows_get(r, i, "time"), *level = rows_get(r, i, "level");

	strbuf_printf(out, "%-20s %-7s %-16s ", time ? time : "", level ? level : "",
		      rows_get(r, i, "task"));
	text_safe(out, rows_get(r, i, "message"));
	strbuf_char(out, '\n');
}

/* One object a line, so that a reader need not wait for the end. */
static void
json_line(struct strbuf *out, const struct rows *r, size_t i)
{
	for (size_t col = 0; col < r->n_cols; col++) {
		const char *cell = rows_cell(r, i, col);

		strbuf_char(out, col ? ',' : '{');
		strbuf_json(out, r->names[col]);
		strbuf_char(out, ':');
		if (cell)
			strbuf_json(out, cell);
		else
			strbuf_str(out, "null");
	}
	strbuf_str(out, "}\n");
}

static struct err *
write_lines(struct cmd *c, const struct rows *r)
{
	for (size_t i = 0; i < r->n; i++) {
		AUTO_MEM void *tmp = mem_root();
		struct strbuf line;

		strbuf_init(&line, tmp, (size_t)64 << 20);
		if (c->output == CMD_JSON)
			json_line(&line, r, i);
		else
			text_line(&line, r, i);
		fwrite(line.s, 1, line.len, stdout);
	}
	return cmd_flush();
}

static struct err *
write_new(struct cmd *c, struct logs *logs, size_t *n)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *r;

	TRY(logs_next(tmp, logs, &r));
	*n = r->n;
	return write_lines(c, r);
}

/* Until the run has ended; then once more, for its last words. */
static struct err *
follow(struct cmd *c, struct logs *logs)
{
	struct ledger *l;
	bool open = true;
	size_t n;

	TRY(ledger_open_read(c->mem, c->settings, &l));
	for (;;) {
		TRY(write_new(c, logs, &n));
		if (!open)
			return NULL;
		TRY(runs_open(l, logs_run(logs), &open));
		time_sleep_ms(POLL_MS);
		TRY(cancel_check());
	}
}

/* One document, of all that is there. */
static struct err *
print_all(struct cmd *c, struct logs *logs)
{
	struct cmd_table table = { "logs", NULL, NULL };
	size_t n = 1;

	TRY(logs_next(c->mem, logs, &table.rows));
	while (n) {
		AUTO_MEM void *tmp = mem_root();
		struct rows *more;

		TRY(logs_next(tmp, logs, &more));
		n = more->n;
		for (size_t i = 0; i < n; i++)
			rows_add(table.rows, &more->cells[i * more->n_cols]);
	}
	return cmd_print(c, "logs", &table, 1);
}

static struct err *
all(struct cmd *c, struct logs *logs)
{
	size_t n = 1;

	if (c->output != CMD_TABLE)
		return print_all(c, logs);
	while (n)
		TRY(write_new(c, logs, &n));
	return NULL;
}

static struct err *
run_logs(struct cmd *c)
{
	bool live = cmd_flag(c, "follow");
	struct logs *logs;
	long long run = 0;

	if (live && c->output == CMD_CSV)
		return err_hint(err_new(ERR_USAGE, "'--follow' does not go with '--output csv'"),
				"'--output json' gives an object a line");
	if (c->argc)
		TRY(cmd_run_id(c->argv[0], &run));
	TRY(logs_open(c->mem, c->settings, run, c->argc > 1 ? c->argv[1] : NULL, &logs));
	return live ? follow(c, logs) : all(c, logs);
}

static const struct option options[] = {
	{ "follow", NULL, "go on until the run ends" },
	{ NULL, NULL, NULL },
};

const struct command cmd_logs = {
	.name = "logs",
	.args = "[RUN [TASK]] [--follow]",
	.summary = "Print a run's logs, merged by time",
	.help = "Print what a run's tasks and its worker logged, merged by time: of the newest run, "
		"or of RUN,\nor of one TASK of it.  With --follow and --output json, one object a "
		"line.",
	.max_args = 2,
	.options = options,
	.run = run_logs,
};
