#include "unit.h"
#include "view/counts.h"
#include "view/health.h"
#include "view/logs.h"
#include "view/runs.h"

/* --- counts --- */

#define GOOD                                                                                       \
	.source = 9, .serving = 9, .raw = 4, .processed = 3, .staging = 3, .read = 4, .staged = 3, \
	.superseded = 1, .rejected = 0, .lost = 0, .same = true

struct break_row {
	const char *name;
	struct counts_line line;
	const char *want, *note;
};

/* Each row breaks one number of a good line. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const struct break_row break_rows[] = {
	{ "good", { GOOD }, "ok", NULL },
	{ "raw is not what was read", { GOOD, .raw = 5 }, "raw", "the books say 4 read" },
	{ "rejected before publish",
	  { GOOD, .read = -1, .processed = 1, .staging = 1 },
	  "processed",
	  "4 read, none known to be published" },
	{ "ended before load_staging",
	  { GOOD, .read = -1, .processed = 4, .staging = -1 },
	  "staging",
	  "4 read, none known to be published" },
	{ "ended in publish",
	  { GOOD, .read = -1, .processed = 4, .staging = 4 },
	  "serving",
	  "4 read, none known to be published" },
	{ "nothing read, nothing lost", { GOOD, .raw = 0, .read = -1 }, "ok", NULL },
	{ "the books do not add up",
	  { GOOD, .superseded = 0 },
	  "processed",
	  "4 read are not 3 staged, 0 superseded and 0 rejected" },
	{ "processed is not what was staged",
	  { GOOD, .processed = 2, .staging = 2 },
	  "processed",
	  "the books say 3 staged" },
	{ "staging is not what was processed",
	  { GOOD, .staging = 2 },
	  "staging",
	  "3 were processed" },
	{ "serving lacks one",
	  { GOOD, .serving = 8 },
	  "serving",
	  "serving has 1 less than the source" },
	{ "serving has more",
	  { GOOD, .serving = 11 },
	  "serving",
	  "serving has 2 more than the source" },
	{ "rejects explain what lacks",
	  { GOOD, .serving = 8, .lost = 2 },
	  "processed",
	  "1 missing, 2 were rejected" },
	{ "rejects explain no more than they are",
	  { GOOD, .serving = 6, .lost = 2 },
	  "serving",
	  "serving has 3 less than the source" },
	{ "rejects never explain a surplus",
	  { GOOD, .serving = 10, .lost = 2 },
	  "serving",
	  "serving has 1 more than the source" },
	{ "a rejected change of a row that is there",
	  { GOOD, .superseded = 0, .rejected = 1, .lost = 1 },
	  "ok",
	  "1 rejected by the last run" },
	{ "totals of different runs",
	  { GOOD, .serving = 8, .same = false },
	  NULL,
	  "the totals are of different runs; --live asks now" },
	{ "the last batch was taken back",
	  { GOOD, .serving = 8, .same = false, .taken_back = 12 },
	  NULL,
	  "run 12 was taken back; the next run loads it again" },
	{ "what was taken back leaves the totals equal", { GOOD, .taken_back = 12 }, "ok", NULL },
	{ "equal totals of different runs", { GOOD, .same = false }, "ok", NULL },
	{ "the first break is told",
	  { GOOD, .raw = 5, .staging = 2 },
	  "raw",
	  "the books say 4 read" },
	{ "nothing was staged",
	  { .source = 9,
	    .serving = 9,
	    .raw = -1,
	    .processed = -1,
	    .staging = -1,
	    .read = -1,
	    .staged = -1,
	    .superseded = -1,
	    .rejected = -1,
	    .same = true },
	  "ok",
	  NULL },
	{ "nothing is known",
	  { .source = -1,
	    .serving = -1,
	    .raw = -1,
	    .processed = -1,
	    .staging = -1,
	    .read = -1,
	    .staged = -1,
	    .superseded = -1,
	    .rejected = -1 },
	  NULL,
	  NULL },
	{ "a calendar may have more", { GOOD, .serving = 11, .grows = true }, "ok", NULL },
	{ "a calendar lacks days",
	  { GOOD, .serving = 8, .grows = true },
	  "serving",
	  "serving has 1 less than the source" },
	{ "the source is not known", { GOOD, .source = -1 }, "ok", NULL },
};
#pragma GCC diagnostic pop

static void
counts_breaks(void **state)
{
	const struct break_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	char *note;

	assert_text(counts_break(tmp, &row->line, &note), row->want);
	assert_text(note, row->note);
}

struct cents_row {
	const char *name, *text;
	bool ok;
	long long want;
};

static const struct cents_row cents_rows[] = {
	{ "whole", "7078", true, 707800 },
	{ "two digits", "8578988.88", true, 857898888 },
	{ "one digit", "0.5", true, 50 },
	{ "zeros more", "1.2300", true, 123 },
	{ "negative", "-3.05", true, -305 },
	{ "nothing", "", false, 0 },
	{ "no digit before the point", ".5", false, 0 },
	{ "a word", "NaN", false, 0 },
	{ "text behind", "1.5x", false, 0 },
	{ "too long", "1234567890123456", false, 0 },
};

static void
cents(void **state)
{
	const struct cents_row *row = *state;
	long long got = 0;

	assert_int_equal(counts_cents(row->text, &got), row->ok);
	assert_int_equal(got, row->want);
}

/* --- runs --- */

struct state_row {
	const char *name, *state;
	bool here, alive, leased;
	long long age_s;
	const char *want;
};

static const struct state_row state_rows[] = {
	{ "ended", "ok", true, false, false, 9, "ok" },
	{ "ended badly", "failed", true, false, false, 9, "failed" },
	{ "at work here", "running", true, true, true, 9, "running" },
	{ "at work here, the lease ran out", "running", true, true, false, 9, "running" },
	{ "killed here, the lease still good", "running", true, false, true, 9, "dead" },
	{ "at work elsewhere", "running", false, false, true, 9, "running" },
	{ "silent elsewhere", "running", false, false, false, 9, "dead" },
	{ "just asked for here", "queued", true, true, false, 99, "queued" },
	{ "its starter was killed", "queued", true, false, false, 1, "dead" },
	{ "just asked for elsewhere", "queued", false, false, false, 60, "queued" },
	{ "never begun elsewhere", "queued", false, false, false, 61, "dead" },
};

static void
run_states(void **state)
{
	const struct state_row *row = *state;

	assert_text(run_state(row->state, row->here, row->alive, row->leased, row->age_s),
		    row->want);
}

/* --- logs --- */

struct parse_row {
	const char *name, *line, *time, *level, *message;
};

static const struct parse_row parse_rows[] = {
	{ "stamped", "2026-07-15T14:04:12Z info read 3 rows", "2026-07-15T14:04:12Z", "info",
	  "read 3 rows" },
	{ "a warning", "2026-07-15T14:04:12Z warning x", "2026-07-15T14:04:12Z", "warning", "x" },
	{ "no text", "2026-07-15T14:04:12Z error ", "2026-07-15T14:04:12Z", "error", "" },
	{ "no level", "2026-07-15T14:04:12Z hello you", "", "", "2026-07-15T14:04:12Z hello you" },
	{ "a level's beginning", "2026-07-15T14:04:12Z information x", "", "",
	  "2026-07-15T14:04:12Z information x" },
	{ "no stamp", "  raised at x.c:3", "", "", "  raised at x.c:3" },
	{ "a date alone", "2026-07-15", "", "", "2026-07-15" },
	{ "empty", "", "", "", "" },
};

static void
logs_parses(void **state)
{
	const struct parse_row *row = *state;
	struct log_text got;

	logs_parse(row->line, &got);
	assert_text(got.time, row->time);
	assert_text(got.level, row->level);
	assert_text(got.message, row->message);
}

/* --- health --- */

struct disk_row {
	const char *name;
	long long bytes;
	const char *want;
};

static const struct disk_row disk_rows[] = {
	{ "full", 0, "fail" },
	{ "127 MiB", 127LL << 20, "fail" },
	{ "128 MiB", 128LL << 20, "warn" },
	{ "1 GiB less one", (1LL << 30) - 1, "warn" },
	{ "1 GiB", 1LL << 30, "ok" },
};

static void
disks(void **state)
{
	const struct disk_row *row = *state;

	assert_text(health_disk_state(row->bytes), row->want);
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, counts_breaks, break_rows);
	UNIT_ROWS(&u, cents, cents_rows);
	UNIT_ROWS(&u, run_states, state_rows);
	UNIT_ROWS(&u, logs_parses, parse_rows);
	UNIT_ROWS(&u, disks, disk_rows);
	return unit_run(&u, "view");
}
