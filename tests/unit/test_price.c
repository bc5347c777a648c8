#include "pipeline/price.h"

#include "unit.h"

struct text {
	const char *name;
	long long want;
};

static const struct text texts[] = {
	{ "0", 0 },
	{ "1", 1000000000 },
	{ "0.052624", 52624000 },
	{ "0.0057785", 5778500 },
	{ "12.000000001", 12000000001 },
	{ "999999", 999999000000000 },
	{ "", -1 },
	{ ".5", -1 },
	{ "-1", -1 },
	{ "1.0000000001", -1 },
	{ "1000000", -1 },
	{ "0.05 USD", -1 },
	{ "0,05", -1 },
};

static void
parses(void **state)
{
	const struct text *row = *state;

	assert_int_equal(price_parse(row->name), row->want);
}

struct list {
	const char *name; /* the region */
	const char *vcpu, *gb;
	bool known;
	long long vcpu_hour, gb_hour;
	const char *day;
};

static const struct list lists[] = {
	{ "us-east-1", "", "", true, 52624000, 5778500, "2026-11-22" },
	{ "ap-southeast-1", "", "", true, 65728000, 7189000, "2026-11-22" },
	{ "ap-southeast-1", "0.05", "", true, 50000000, 7189000, NULL },
	{ "ap-southeast-1", "", "0.005", true, 65728000, 5000000, NULL },
	{ "moon-1", "", "", false, 0, 0, NULL },
	{ "moon-1", "0.05", "", false, 50000000, 0, NULL },
	{ "moon-1", "0.05", "0.005", true, 50000000, 5000000, NULL },
};

static void
knows(void **state)
{
	const struct list *row = *state;
	struct price p;

	assert_int_equal(price_emr(row->name, row->vcpu, row->gb, &p), row->known);
	assert_int_equal(p.vcpu_hour, row->vcpu_hour);
	assert_int_equal(p.memory_gb_hour, row->gb_hour);
	assert_text(p.day, row->day);
}

static void
knows_redshift(void **state)
{
	const char *day;
	long long price;

	(void)state;
	assert_true(price_redshift("ap-southeast-1", "", &price, &day));
	assert_int_equal(price, 450000000);
	assert_text(day, "2026-11-22");
	assert_true(price_redshift("moon-1", "0.36", &price, &day));
	assert_int_equal(price, 360000000);
	assert_null(day);
	assert_false(price_redshift("moon-1", "", &price, &day));
}

struct sum {
	const char *name;
	double quantity;
	long long price;
	const char *want;
};

static const struct sum sums[] = {
	{ "nothing", 0, 52624000, "0.000000" },
	{ "12 vCPU for three minutes", 0.6, 65728000, "0.039437" },
	{ "42 GB for three minutes", 2.1, 7189000, "0.015097" },
	{ "rounds up", 1, 1500, "0.000002" },
	{ "many", 100000, 52624000, "5262.400000" },
};

static void
adds_up(void **state)
{
	const struct sum *row = *state;
	AUTO_MEM void *tmp = mem_root();

	assert_string_equal(price_usd(tmp, row->quantity, row->price), row->want);
}

#define S 1000000LL

struct activity {
	const char *name;
	struct price_busy busy[3];
	size_t n;
	double want;
};

static const struct activity activities[] = {
	{ "never", { { 0 } }, 0, 0 },
	{ "a moment", { { 5 * S, 5 * S } }, 1, 60 },
	{ "long", { { 5 * S, 95 * S + S / 2 } }, 1, 90.5 },
	{ "two within a minute", { { 0, S }, { 59 * S, 61 * S } }, 2, 61 },
	{ "at the minute's end", { { 0, S }, { 60 * S, 60 * S } }, 2, 60 },
	{ "two a minute apart", { { 0, S }, { 61 * S, 62 * S } }, 2, 120 },
	{ "one within another", { { 0, 100 * S }, { 10 * S, 20 * S } }, 2, 100 },
	{ "three, two of which touch",
	  { { 0, S }, { 90 * S, 91 * S }, { 100 * S, 190 * S } },
	  3,
	  160 },
};

static void
is_active(void **state)
{
	const struct activity *row = *state;

	assert_true(price_active_s(row->busy, row->n) == row->want);
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, parses, texts);
	UNIT_ROWS(&u, knows, lists);
	UNIT(&u, knows_redshift);
	UNIT_ROWS(&u, adds_up, sums);
	UNIT_ROWS(&u, is_active, activities);
	return unit_run(&u, "price");
}
