#include "view/counts.h"

#include "base/mem.h"
#include "base/time.h"
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

#define COUNTS_ROLE "bikeops_read"
#define COUNTS_APP  "bikeops counts"

/* --- judging: pure --- */

static bool
both_differ(long long a, long long b)
{
	return a >= 0 && b >= 0 && a != b;
}

static bool
totals_differ(const struct counts_line *n)
{
	return both_differ(n->source, n->serving) && !(n->grows && n->serving > n->source);
}

static const char *
break_totals(void *mem, const struct counts_line *n, char **note)
{
	long long missing = n->source - n->serving;

	if (n->serving < 0)
		return NULL;
	if (!totals_differ(n)) {
		if (n->rejected > 0)
			*note = mem_printf(mem, "%lld rejected by the last run", n->rejected);
		return "ok";
	}
	if (n->taken_back) {
		*note = mem_printf(mem, "run %lld was taken back; the next run loads it again",
				   n->taken_back);
		return NULL;
	}
	if (!n->same) {
		*note = mem_strdup(mem, "the totals are of different runs; --live asks now");
		return NULL;
	}
	if (missing > 0 && missing <= n->lost) {
		*note = mem_printf(mem, "%lld missing, %lld were rejected", missing, n->lost);
		return "processed";
	}
	*note = mem_printf(mem, "serving has %lld %s than the source", llabs(missing),
			   missing > 0 ? "less" : "more");
	return "serving";
}

/* The last run ended before publish: how far did its rows come? */
static const char *
break_unpublished(void *mem, const struct counts_line *n, char **note)
{
	const char *layer = n->processed < n->raw ? "processed"
			    : n->staging < n->raw ? "staging"
						  : "serving";

	*note = mem_printf(mem, "%lld read, none known to be published", n->raw);
	return layer;
}

const char *
counts_break(void *mem, const struct counts_line *n, char **note)
{
	bool booked = n->read >= 0 && n->staged >= 0 && n->superseded >= 0 && n->rejected >= 0;

	*note = NULL;
	if (n->raw > 0 && n->read < 0)
		return break_unpublished(mem, n, note);
	if (both_differ(n->raw, n->read)) {
		*note = mem_printf(mem, "the books say %lld read", n->read);
		return "raw";
	}
	if (booked && n->read != n->staged + n->superseded + n->rejected) {
		*note = mem_printf(
			mem, "%lld read are not %lld staged, %lld superseded and %lld rejected",
			n->read, n->staged, n->superseded, n->rejected);
		return "processed";
	}
	if (both_differ(n->processed, n->staged)) {
		*note = mem_printf(mem, "the books say %lld staged", n->staged);
		return "processed";
	}
	if (both_differ(n->staging, n->processed)) {
		*note = mem_printf(mem, "%lld were processed", n->processed);
		return "staging";
	}
	return break_totals(mem, n, note);
}

bool
counts_cents(const char *text, long long *cents)
{
	bool minus = *text == '-';
	const char *digits = text + minus;
	size_t whole = strspn(digits, "0123456789"), fraction = 0;

	if (digits[whole] == '.')
		fraction = strspn(digits + whole + 1, "0123456789");
	if (!whole || whole > 15 || digits[whole + (digits[whole] == '.') + fraction])
		return false;
	long long n = 100 * strtoll(digits, NULL, 10);
	if (fraction)
		n += 10 * (digits[whole + 1] - '0');
	if (fraction > 1)
		n += digits[whole + 2] - '0';
	*cents = minus ? -n : n;
	return true;
}

/* --- the tables --- */

static struct rows *
counts_table(void *mem, const char *const *names, const enum rows_type *types, size_t n)
{
	struct rows *r = rows_new(mem, n);

	for (size_t i = 0; i < n; i++)
		rows_column(r, i, names[i], types[i]);
	return r;
}

static long long
number(const struct rows *r, size_t row, const char *name)
{
	return rows_get(r, row, name) ? rows_int(r, row, name) : -1;
}

static void
differs(struct counts *out, void *mem, const char *what)
{
	out->differ = out->differ ? mem_printf(mem, "%s, %s", out->differ, what)
				  : mem_strdup(mem, what);
}

static bool
same_run(const struct rows *r, size_t i)
{
	return number(r, i, "source_run") == number(r, i, "serving_run");
}

static void
counts_entities(void *mem, const struct rows *r, struct counts *out)
{
	static const char *const names[] = { "entity",	"source",  "raw",   "processed",
					     "staging", "serving", "break", "note" };
	static const enum rows_type types[] = { ROWS_TEXT, ROWS_INT, ROWS_INT,	ROWS_INT,
						ROWS_INT,  ROWS_INT, ROWS_TEXT, ROWS_TEXT };

	out->counts = counts_table(mem, names, types, 8);
	for (size_t i = 0; i < r->n; i++) {
		const struct counts_line line = {
			.source = number(r, i, "source"),
			.serving = number(r, i, "serving"),
			.raw = number(r, i, "raw"),
			.processed = number(r, i, "processed"),
			.staging = number(r, i, "staging"),
			.read = number(r, i, "read"),
			.staged = number(r, i, "staged"),
			.superseded = number(r, i, "superseded"),
			.rejected = number(r, i, "rejected"),
			.lost = rows_int(r, i, "lost"),
			.taken_back = rows_int(r, i, "taken_back"),
			.grows = !strcmp(rows_get(r, i, "entity"), "dates"),
			.same = same_run(r, i),
		};
		const char *cells[8];
		char *note;

		for (size_t c = 0; c < 6; c++)
			cells[c] = rows_get(r, i, names[c]);
		cells[6] = counts_break(mem, &line, &note);
		cells[7] = note;
		rows_add(out->counts, cells);
		if (line.same && totals_differ(&line))
			differs(out, mem, cells[0]);
	}
}

/* revenue and units stand with the order lines. */
static void
counts_sum(void *mem, const struct rows *r, size_t i, const char *measure, struct counts *out)
{
	const char *source = rows_get(r, i, mem_printf(mem, "source_%s", measure));
	const char *serving = rows_get(r, i, mem_printf(mem, "serving_%s", measure));
	const char *cells[6] = { measure, source, serving };
	long long a, b;

	if (source && serving && counts_cents(source, &a) && counts_cents(serving, &b)) {
		long long d = llabs(b - a);

		cells[3] = mem_printf(mem, strchr(source, '.') ? "%s%lld.%02lld" : "%s%lld",
				      b < a ? "-" : "", d / 100, d % 100);
		if (!d)
			cells[4] = "ok";
		else if (rows_int(r, i, "taken_back"))
			cells[5] = mem_printf(mem, "run %lld was taken back",
					      rows_int(r, i, "taken_back"));
		else if (!same_run(r, i))
			cells[5] = "the totals are of different runs; --live asks now";
		else
			cells[4] = rows_int(r, i, "lost") ? "processed" : "serving";
		if (cells[4] && !strcmp(cells[4], "processed"))
			cells[5] = mem_printf(mem, "%lld order lines were rejected",
					      rows_int(r, i, "lost"));
		if (d && same_run(r, i))
			differs(out, mem, measure);
	}
	rows_add(out->sums, cells);
}

static void
counts_sums(void *mem, const struct rows *r, struct counts *out)
{
	static const char *const names[] = { "measure",	   "source", "serving",
					     "difference", "break",  "note" };
	static const enum rows_type types[] = { ROWS_TEXT,   ROWS_NUMBER, ROWS_NUMBER,
						ROWS_NUMBER, ROWS_TEXT,	  ROWS_TEXT };

	out->sums = counts_table(mem, names, types, 6);
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(rows_get(r, i, "entity"), "order_lines"))
			continue;
		counts_sum(mem, r, i, "revenue", out);
		counts_sum(mem, r, i, "units", out);
	}
}

/* --- live totals --- */

/* In place of what the ledger knows of this layer; run 0 is now. */
static void
counts_overlay(void *mem, struct rows *r, const char *layer, const struct rows *now)
{
	static const char *const measures[] = { "revenue", "units" };

	for (size_t i = 0; i < r->n; i++) {
		size_t j = 0;

		while (j < now->n && strcmp(rows_get(now, j, "entity"), rows_get(r, i, "entity")))
			j++;
		if (j == now->n)
			continue;
		rows_set(r, i, layer, rows_get(now, j, "rows"));
		rows_set(r, i, mem_printf(mem, "%s_run", layer), "0");
		for (size_t m = 0; m < 2; m++)
			rows_set(r, i, mem_printf(mem, "%s_%s", layer, measures[m]),
				 rows_get(now, j, measures[m]));
	}
}

static void
counts_age_now(void *mem, struct rows *ages, const char *layer)
{
	const char *cells[] = { layer, NULL, time_iso(mem, time_now_us()) };

	for (size_t i = 0; i < ages->n; i++) {
		if (!strcmp(rows_get(ages, i, "layer"), layer)) {
			rows_set(ages, i, "run", NULL);
			rows_set(ages, i, "counted_at", cells[2]);
			return;
		}
	}
	rows_add(ages, cells);
}

static struct err *
counts_live(void *mem, const struct settings *settings, struct rows *r, struct rows *ages)
{
	AUTO_MEM void *tmp = mem_root();
	struct rows *source, *serving;
	struct source *s;
	struct warehouse *w;

	TRY(source_open(tmp, settings, COUNTS_ROLE, COUNTS_APP, &s));
	TRY(warehouse_open(tmp, settings, COUNTS_ROLE, COUNTS_APP, &w));
	TRY(source_counts(mem, s, &source));
	TRY(warehouse_counts(mem, w, &serving));
	counts_overlay(mem, r, "source", source);
	counts_overlay(mem, r, "serving", serving);
	counts_age_now(mem, ages, "source");
	counts_age_now(mem, ages, "serving");
	return NULL;
}

struct err *
counts_fetch(void *mem, const struct settings *settings, struct ledger *l, bool live,
	     struct counts *out)
{
	const char *warehouse = run_warehouse_name(mem, settings);
	struct rows *r;

	*out = (struct counts){ 0 };
	TRY(ledger_read(mem, l, "counts", &warehouse, 1, &r));
	TRY(ledger_read(mem, l, "books", &warehouse, 1, &out->books));
	TRY(ledger_read(mem, l, "ages", &warehouse, 1, &out->ages));
	if (live)
		TRY(counts_live(mem, settings, r, out->ages));
	counts_entities(mem, r, out);
	counts_sums(mem, r, out);
	return NULL;
}
