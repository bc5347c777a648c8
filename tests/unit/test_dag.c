#include "ui/dag.h"
#include "unit.h"
#include "view/pipeline.h"
#include "view/why.h"

/* --- where boxes stand --- */

struct layout_row {
	const char *name;
	int height, width, stage, line;
	const char *want; /* "rows: y,x height x width +top" of each, - where folded */
};

static const struct layout_row layout_rows[] = {
	{ "side by side", 15, 80, 0, 0, "10: 0,0 10x25+0 0,27 10x22+0 0,51 10x29+0 " },
	{ "what is left over is shared", 15, 110, 0, 0,
	  "10: 0,0 10x35+0 0,37 10x32+0 0,71 10x39+0 " },
	{ "a low one scrolls to the line", 6, 80, 2, 7, "6: 0,0 6x25+0 0,27 6x22+0 0,51 6x29+4 " },
	{ "and not past its end", 6, 80, 2, 3, "6: 0,0 6x25+0 0,27 6x22+0 0,51 6x29+0 " },
	{ "by one line", 6, 80, 2, 4, "6: 0,0 6x25+0 0,27 6x22+0 0,51 6x29+1 " },
	{ "titles alone", 2, 80, 0, 0, "2: 0,0 2x25- 0,27 2x22- 0,51 2x29- " },
	{ "stacked", 30, 79, 0, 0, "20: 0,0 7x79+0 7,0 3x79+0 10,0 10x79+0 " },
	{ "stacked, just so", 20, 79, 0, 0, "20: 0,0 7x79+0 7,0 3x79+0 10,0 10x79+0 " },
	{ "stacked, the others folded", 12, 79, 2, 0, "12: 0,0 1x79- 1,0 1x79- 2,0 10x79+0 " },
	{ "stacked, and it scrolls", 8, 40, 2, 7, "8: 0,0 1x40- 1,0 1x40- 2,0 6x40+4 " },
	{ "stacked, no room for a line", 4, 40, 2, 7, "3: 0,0 1x40- 1,0 1x40- 2,0 1x40- " },
	{ "stacked in a row", 1, 1, 0, 0, "1: 0,0 1x1- 1,0 1x1- 2,0 1x1- " },
};

static void
layout(void **state)
{
	static const struct dag_stage stages[] = { { 5, 25 }, { 1, 22 }, { 8, 29 } };
	const struct layout_row *row = *state;
	struct dag_box boxes[3];
	AUTO_MEM void *tmp = mem_root();
	int rows = dag_layout(stages, 3, row->height, row->width, row->stage, row->line, boxes);
	char *text = mem_printf(tmp, "%d: ", rows);

	for (int i = 0; i < 3; i++) {
		const struct dag_box *b = &boxes[i];

		text = mem_printf(tmp, "%s%d,%d %dx%d", text, b->y, b->x, b->height, b->width);
		text = b->folded ? mem_printf(tmp, "%s- ", text)
				 : mem_printf(tmp, "%s+%d ", text, b->top);
	}
	assert_text(text, row->want);
}

/* --- what is shown of a task --- */

struct state_row {
	const char *name, *state;
	bool current;
	const char *run, *want;
};

static const struct state_row state_rows[] = {
	{ "before it", NULL, false, "running", "waiting" },
	{ "never, the run failed", NULL, false, "failed", "upstream" },
	{ "never, the worker died", NULL, false, "dead", "upstream" },
	{ "never, the run was cancelled", NULL, false, "cancelled", "skipped" },
	{ "nothing to do", NULL, false, "ok", "skipped" },
	{ "done", "ok", true, "running", "ok" },
	{ "done by an attempt before", "ok", false, "running", "ok" },
	{ "at work", "running", true, "running", "running" },
	{ "at work in an attempt before", "running", false, "running", "waiting" },
	{ "its worker died", "running", true, "dead", "dead" },
	{ "nobody ended it", "running", true, "failed", "failed" },
	{ "before a retry", "failed", true, "running", "retry" },
	{ "failed before the resume", "failed", false, "running", "waiting" },
	{ "failed", "failed", true, "failed", "failed" },
	{ "cancelled", "cancelled", true, "cancelled", "cancelled" },
};

static void
state_of(void **state)
{
	const struct state_row *row = *state;

	assert_text(pipeline_state(row->state, row->current, row->run), row->want);
}

/* --- which step bears the state of its task --- */

struct bearer_row {
	const char *name;
	const char *states[4];
	const char *task;
	size_t want;
};

static const struct bearer_row bearer_rows[] = {
	{ "one has it", { "ok", "running", "waiting" }, "running", 3 },
	{ "none began", { "waiting", "waiting", "waiting" }, "running", 0 },
	{ "between two", { "ok", "waiting", "waiting" }, "running", 1 },
	{ "after the last", { "ok", "ok", "ok" }, "failed", 2 },
	{ "died before the first", { "upstream", "upstream", "upstream" }, "dead", 0 },
	{ "all is well", { "ok", "skipped", "ok" }, "ok", 3 },
	{ "not begun", { "waiting", "waiting", "waiting" }, "waiting", 3 },
};

static void
bearer(void **state)
{
	const struct bearer_row *row = *state;

	assert_int_equal(pipeline_bearer(row->states, 3, row->task), row->want);
}

/* --- fingerprints --- */

struct print_row {
	const char *name, *a, *b;
	bool same;
};

static const struct print_row print_rows[] = {
	{ "other numbers", "49 of 6450 rows", "7 of 12345 rows", true },
	{ "other words", "49 of 6450 rows", "49 of 6450 lines", false },
	{ "a number more", "49 rows", "49 rows 3", false },
	{ "none", "the worker died", "the worker died", true },
	{ "a number alone", "1", "22", true },
	{ "nothing", "", "1", false },
};

static void
fingerprint(void **state)
{
	const struct print_row *row = *state;
	char a[WHY_PRINT], b[WHY_PRINT];

	why_fingerprint(row->a, a);
	why_fingerprint(row->b, b);
	assert_int_equal(strlen(a), WHY_PRINT - 1);
	assert_int_equal(!strcmp(a, b), row->same);
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, layout, layout_rows);
	UNIT_ROWS(&u, state_of, state_rows);
	UNIT_ROWS(&u, bearer, bearer_rows);
	UNIT_ROWS(&u, fingerprint, print_rows);
	return unit_run(&u, "dag");
}
