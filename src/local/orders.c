#include "local/shopdata.h"

#include "base/cancel.h"

#define TELL_EVERY    65536
#define LINES_MAX     5
#define YEAR_2017     366 /* days since SHOP_FIRST_DAY */
#define YEAR_2018     731
#define FAR_DAY	      90785 /* 2218-07-25: no date of the warehouse */
#define BROKEN_ORDERS 8
#define BROKEN_LINES  12

/* As the files say it. */
enum status { STATUS_PENDING = 1, STATUS_PROCESSING, STATUS_REJECTED, STATUS_COMPLETED };

/* Of 1615 orders so many have 1, 2, .. lines. */
static const uint32_t line_counts[LINES_MAX] = { 288, 375, 371, 334, 247 };
static const long long discounts[] = { 5, 7, 10, 20 };
static const int sellers[SHOP_STORES][2] = { { 2, 3 }, { 6, 7 }, { 9, 10 } };

/* Some work is still to be done in the last six weeks, most of it in the last two. */
static enum status
status_on(struct random *r, uint32_t day)
{
	uint32_t left = SHOP_DAYS - day;
	uint32_t open_percent = left > 45 ? 0 : left > 14 ? 25 : 85;
	uint32_t at = random_below(r, 1000);

	if (random_below(r, 100) < open_percent)
		return at < 500 ? STATUS_PENDING : STATUS_PROCESSING;
	return at < 28 ? STATUS_REJECTED : STATUS_COMPLETED;
}

static uint32_t
count_lines(struct random *r)
{
	uint32_t at = random_below(r, SHOP_ORDERS), n = 0;

	while (at >= line_counts[n])
		at -= line_counts[n++];
	return n + 1;
}

static void
write_order(const struct shopdata *d, struct csvfile *f, struct random *r, uint32_t order,
	    uint32_t day)
{
	uint32_t customer = d->buyers[order];
	bool far = shop_breaks(d, order, d->orders, BROKEN_ORDERS);
	enum status chance = status_on(r, day), status = far ? STATUS_COMPLETED : chance;
	int on = SHOP_FIRST_DAY + (int)day;
	int required = on + 1 + (int)random_below(r, 3);
	int shipped = on + 1 + (int)random_below(r, 3);
	int store = random_below(r, 30) ? shop_home(d, customer) : 1 + (int)random_below(r, 3);

	csv_int(f, order + 1);
	csv_int(f, shop_faulty(d, FAULT_KEY, order + 1) ? d->customers + 1 : customer + 1);
	csv_int(f, status);
	csv_day(f, on);
	csv_day(f, far ? FAR_DAY : required);
	csv_day(f, status == STATUS_COMPLETED ? shipped : -1);
	csv_int(f, store);
	csv_int(f, sellers[store - 1][random_below(r, 2)]);
	csv_end(f);
}

/* A product that the order has not yet. */
static uint32_t
pick_product(struct random *r, const uint64_t *popular, const uint32_t *has, uint32_t n)
{
	uint32_t product, i;

	do {
		product = shop_find(popular, SHOP_PRODUCTS,
				    random_next(r) % popular[SHOP_PRODUCTS - 1]);
		for (i = 0; i < n && has[i] != product; i++)
			continue;
	} while (i < n);
	return product;
}

static void
write_lines(const struct shopdata *d, struct csvfile *f, struct random *r, uint32_t order,
	    uint32_t day)
{
	const uint64_t *popular = d->popular[(day >= YEAR_2017) + (day >= YEAR_2018)];
	uint32_t has[LINES_MAX], lines = count_lines(r);

	for (uint32_t n = 0; n < lines; n++) {
		has[n] = pick_product(r, popular, has, n);
		uint32_t quantity = 1 + random_below(r, 2);

		csv_int(f, order + 1);
		csv_int(f, n + 1);
		csv_int(f, has[n] + 1);
		if (n == 0 && shop_faulty(d, FAULT_TYPE, order + 1))
			csv_text(f, "two");
		else if (n == 0 && shop_breaks(d, order + d->orders / 32, d->orders, BROKEN_LINES))
			csv_int(f, 12345678);
		else
			csv_int(f, quantity);
		csv_cents(f, d->products[has[n]].cents);
		csv_cents(f, discounts[random_below(r, 4)]);
		csv_end(f);
	}
}

/* Orders come by date: order i falls on the day that holds its share of all. */
struct err *
shop_write_orders(const struct shopdata *d, struct csvfile *orders, struct csvfile *items,
		  struct progress *p)
{
	uint64_t all = d->busy[SHOP_DAYS - 1];

	for (uint32_t order = 0; order < d->orders; order++) {
		struct random r = shop_row(d, SHOP_ORDERS_CSV, order);
		uint64_t share = (2 * (uint64_t)order + 1) * all / (2 * (uint64_t)d->orders);
		uint32_t day = shop_find(d->busy, SHOP_DAYS, share);

		write_order(d, orders, &r, order, day);
		write_lines(d, items, &r, order, day);
		if (order % TELL_EVERY)
			continue;
		TRY(cancel_check());
		progress_tell(p, "generate.orders", order, csvfile_bytes(orders), d->orders);
	}
	return NULL;
}
