#include "view/counts.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/people.h"
#include "ledger/ledger.h"
#include "remote/pg.h"
#include "view/behind.h"

#define CONNECT_S 3 /* the source is only asked beside: an answer waits no longer for it */

static struct err *
print(struct cmd *c, const struct counts *n, struct rows *behind)
{
	bool text = c->output == CMD_TABLE;
	struct cmd_table tables[] = {
		{ "counts", NULL, n->counts },
		{ "sums", NULL, n->sums },
		{ "behind", "changes that no batch has", behind },
		{ "books", "the books of the last run that published", n->books },
		{ "ages", NULL, n->ages },
	};

	if (text)
		tables[4].rows = people_rows(c, n->ages, "layer run counted_at");
	if (text)
		tables[2].rows =
			people_rows(c, behind, "state changes more oldest_at read_at note");
	return cmd_print(c, "counts", tables, text && !n->ages->n ? 3 : 5);
}

static struct err *
run_counts(struct cmd *c)
{
	bool live = cmd_flag(c, "live");
	struct rows *behind;
	struct counts n;
	struct ledger *l;
	const char *at;

	TRY(cmd_moment(c, &at));
	if (at && live)
		return err_new(ERR_USAGE,
			       "--live asks what is now, --at what was: give one of them");
	TRY(ledger_open_read(c->mem, c->settings, &l));
	if (at)
		TRY(ledger_at(l, at));
	TRY(counts_fetch(c->mem, c->settings, l, live, &n));
	pg_hurry(CONNECT_S);
	TRY(behind_fetch(c->mem, c->settings, at, &behind));
	TRY(print(c, &n, behind));
	if (!live || !n.differ)
		return NULL;
	return err_hint(err_new(ERR_DATA, "the totals of source and serving differ: %s", n.differ),
			"'bikeops run incremental' loads what changed since the last batch; "
			"'bikeops rejects' shows the rows it left out");
}

static const struct option options[] = {
	{ "live", NULL, "ask source and serving now; ends with 1 where their totals differ" },
	{ "at", "TIME",
	  "as the ledger knows it of that moment: HH:MM[:SS], or 2026-07-15T03:12:00Z" },
	{ NULL, NULL, NULL },
};

const struct command cmd_counts = {
	.name = "counts",
	.args = "[--live] [--at TIME]",
	.summary = "Compare the rows of every layer, and find where a number breaks",
	.help = "Rows of stores, customers, products, staffs, order lines and dates in each layer, "
		"and the\nfirst layer where a number breaks.  source and serving are totals; raw, "
		"processed and staging\nare those of the last run, judged by its books.  Then revenue "
		"and units, the books, and how\nold each number is.  The ledger answers; --live asks "
		"source and serving.\nHow far the warehouse is behind, the source's journal always "
		"tells.",
	.options = options,
	.run = run_counts,
};
