#include "local/generate.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/cmd.h"

#include <string.h>

static void
tell(struct progress *self, const char *step, long long rows, long long bytes, long long total)
{
	AUTO_MEM void *tmp = mem_root();

	(void)self;
	log_status(
		mem_printf(tmp, "%s: %lld of %lld rows, %lld MiB", step, rows, total, bytes >> 20));
}

static struct err *
broken(const struct cmd *c, enum generate_broken *out)
{
	const char *text = cmd_option(c, "broken");

	if (!text)
		*out = GENERATE_SOUND;
	else if (strcmp(text, "files") == 0)
		*out = GENERATE_BROKEN_FILES;
	else if (strcmp(text, "rows") == 0)
		*out = GENERATE_BROKEN_ROWS;
	else
		return err_hint(err_new(ERR_USAGE, "bad value '%s' of '--broken'", text),
				"write files or rows");
	return NULL;
}

static struct err *
plan_of(const struct cmd *c, struct generate_plan *plan)
{
	long long scale, seed;

	TRY(cmd_number(c, "scale", 1, GENERATE_SCALE_MAX, 1, &scale));
	TRY(cmd_number(c, "seed", 0, 4000000000, 1, &seed));
	TRY(broken(c, &plan->broken));
	plan->out = cmd_option(c, "out");
	if (!plan->out || !*plan->out)
		return err_hint(err_new(ERR_USAGE, "'generate' needs '--out'"),
				"name the directory to write to");
	plan->scale = (int)scale;
	plan->seed = (uint64_t)seed;
	return NULL;
}

static struct rows *
answer(struct cmd *c, const struct generate_done *done)
{
	struct rows *r = rows_new(c->mem, 3);

	rows_column(r, 0, "file", ROWS_TEXT);
	rows_column(r, 1, "rows", ROWS_INT);
	rows_column(r, 2, "bytes", ROWS_INT);
	for (int i = 0; i < GENERATE_FILES; i++) {
		const char *cells[] = { done->names[i], mem_printf(c->mem, "%lld", done->rows[i]),
					mem_printf(c->mem, "%lld", done->bytes[i]) };

		rows_add(r, cells);
	}
	return r;
}

static struct err *
run_generate(struct cmd *c)
{
	struct cmd_table table = { "files", NULL, NULL };
	struct progress progress = { .tell = tell };
	struct generate_plan plan;
	struct generate_done done;

	TRY(plan_of(c, &plan));
	TRY(generate(&plan, &progress, &done));
	log_status("");
	if (done.fault)
		log_info("broken on purpose: %s", done.fault);
	table.rows = answer(c, &done);
	return cmd_print(c, "generate", &table, 1);
}

static const struct option options[] = {
	{ "scale", "N", "multiply customers, orders and lines, 1 to 10000; 1" },
	{ "seed", "S", "another seed is another shop; 1" },
	{ "out", "DIR", "write there; a data set in it is replaced" },
	{ "broken", "WHAT", "files or rows: write what must be refused, see above" },
	{ NULL, NULL, NULL },
};

const struct command cmd_generate = {
	.name = "generate",
	.args = "[--scale N] [--seed S] --out DIR [--broken=files|rows]",
	.summary = "Write the data set of an invented shop",
	.help = "Write nine CSV files with the names and columns of the Bike Store Sample Database. "
		"At scale\n1: 3 stores, 10 staff, 321 products, 9 brands, 7 categories, 1445 "
		"customers, 1615 orders of\n2016 to 2018 with some 4700 lines. The same scale and "
		"seed write the same bytes anywhere.\n\n"
		"--broken=files breaks one file, so that 'setup' refuses them all. The seed, "
		"divided by 6,\nleaves which: 0 a missing column, 1 a wrong type, 2 a quote that does "
		"not end, 3 a key that\nis not there, 4 an empty file, 5 text that is not UTF-8.\n\n"
		"--broken=rows writes 30 rows that the store takes and the transform rejects: 10 "
		"customers\nwith a zip code of 5 characters in 6 bytes, 8 orders with a required "
		"date in 2218 (all their\nlines are rejected), 12 lines with a quantity of 8 "
		"digits.",
	.flags = CMD_BARE,
	.options = options,
	.run = run_generate,
};
