#include "local/shopdata.h"

#include "base/mem.h"

#define REPEATERS 131 /* of 1445 customers: 92 order twice, 39 three times */
#define TWICE	  92
#define STRIDE	  11 /* coprime to 1445: walks a block without meeting itself */

/* Orders of a month: spring and autumn are good, each year is better. */
static const uint32_t months[36] = {
	38, 40, 52, 55, 60, 62, 58, 60, 56, 50, 36, 42, /* 2016 */
	42, 44, 60, 64, 70, 72, 66, 68, 62, 56, 40, 48, /* 2017 */
	46, 48, 66, 76, 78, 80, 72, 74, 68, 60, 44, 46, /* 2018 */
};
static const uint32_t weekdays[7] = { 14, 17, 20, 9, 13, 13, 14 }; /* from Thursday, 1970-01-01 */

struct random
shop_row(const struct shopdata *d, enum shop_file file, uint64_t row)
{
	return random_at(d->seed, (uint32_t)file, row);
}

bool
shop_faulty(const struct shopdata *d, enum shop_fault fault, uint64_t row)
{
	return d->fault == fault && row == 7;
}

bool
shop_breaks(const struct shopdata *d, uint64_t row, uint64_t rows, uint64_t count)
{
	return d->broken_rows && row * count / rows != (row + 1) * count / rows;
}

/* Seven of ten live near the second store. */
int
shop_home(const struct shopdata *d, uint32_t customer)
{
	struct random r = random_at(d->seed, 100, customer);
	uint32_t at = random_below(&r, 100);

	return at < 70 ? 2 : at < 90 ? 1 : 3;
}

uint32_t
shop_find(const uint64_t *sums, uint32_t n, uint64_t at)
{
	uint32_t low = 0, high = n - 1;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (sums[middle] > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void
make_days(struct shopdata *d)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	struct random r = random_at(d->seed, 101, 0);
	uint64_t sum = 0;
	int month = 0, left = lengths[0];

	for (uint32_t day = 0; day < SHOP_DAYS; day++, left--) {
		if (left == 0) {
			month++;
			left = lengths[month % 12] + (month == 1); /* 2016 is a leap year */
		}
		sum += (uint64_t)months[month] * weekdays[(SHOP_FIRST_DAY + day) % 7] *
		       (40 + random_below(&r, 121));
		d->busy[day] = sum;
	}
}

/* A few products make most of the sales; none is sold before its model year. */
static void
make_popular(struct shopdata *d)
{
	struct random r = random_at(d->seed, 102, 0);
	uint32_t rank[SHOP_PRODUCTS] = { 0 };
	uint64_t sums[3] = { 0 };

	for (uint32_t i = 0; i < SHOP_PRODUCTS; i++) {
		uint32_t j = random_below(&r, i + 1);

		rank[i] = rank[j];
		rank[j] = i;
	}
	for (uint32_t i = 0; i < SHOP_PRODUCTS; i++) {
		for (int year = 0; year < 3; year++) {
			if (d->products[i].year <= 2016 + year)
				sums[year] += 1000000 / (rank[i] + 8);
			d->popular[year][i] = sums[year];
		}
	}
}

/* Every customer once, the repeaters again, shuffled. */
static void
make_buyers(struct shopdata *d)
{
	struct random r = random_at(d->seed, 103, 0);
	uint32_t n = 0;

	for (; n < d->customers; n++)
		d->buyers[n] = n;
	for (uint32_t block = 0; block < d->customers; block += SHOP_CUSTOMERS) {
		uint32_t at = random_below(&r, SHOP_CUSTOMERS);

		for (uint32_t i = 0; i < REPEATERS; i++, at = (at + STRIDE) % SHOP_CUSTOMERS) {
			d->buyers[n++] = block + at;
			if (i >= TWICE)
				d->buyers[n++] = block + at;
		}
	}
	for (uint32_t i = n - 1; i > 0; i--) {
		uint32_t j = random_below(&r, i + 1), other = d->buyers[j];

		d->buyers[j] = d->buyers[i];
		d->buyers[i] = other;
	}
}

struct shopdata *
shopdata_new(void *mem, const struct generate_plan *plan)
{
	struct shopdata *d = mem_new(mem, struct shopdata);

	d->seed = plan->seed;
	d->customers = (uint32_t)plan->scale * SHOP_CUSTOMERS;
	d->orders = (uint32_t)plan->scale * SHOP_ORDERS;
	d->broken_rows = plan->broken == GENERATE_BROKEN_ROWS;
	d->fault = plan->broken == GENERATE_BROKEN_FILES
			   ? (enum shop_fault)(plan->seed % FAULT_NONE)
			   : FAULT_NONE;
	d->buyers = mem_array(d, uint32_t, d->orders);
	shop_make_products(d);
	make_days(d);
	make_popular(d);
	make_buyers(d);
	return d;
}
