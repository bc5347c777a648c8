/* What the nine files have in common: the catalogue, the calendar, who buys where. */
#ifndef BIKEOPS_LOCAL_SHOPDATA_H
#define BIKEOPS_LOCAL_SHOPDATA_H

#include "base/err.h"
#include "base/progress.h"
#include "local/csvfile.h"
#include "local/generate.h"
#include "local/random.h"

#include <stdbool.h>
#include <stdint.h>

#define SHOP_PRODUCTS  321
#define SHOP_STOCKED   313 /* the newest are only announced */
#define SHOP_CUSTOMERS 1445
#define SHOP_ORDERS    1615
#define SHOP_STORES    3
#define SHOP_FIRST_DAY 16801 /* 2016-01-01 */
#define SHOP_DAYS      1093  /* orders come to 2018-12-28, so that all is shipped in 2018 */

/* Each is row 7 of its file, or the file itself. */
enum shop_fault {
	FAULT_COLUMN,
	FAULT_TYPE,
	FAULT_QUOTE,
	FAULT_KEY,
	FAULT_EMPTY,
	FAULT_UTF8,
	FAULT_NONE,
};

struct shop_product {
	const char *name;
	int brand, category, year;
	long long cents;
};

struct shopdata {
	uint64_t seed;
	uint32_t customers, orders;
	enum shop_fault fault;
	bool broken_rows;
	struct shop_product products[SHOP_PRODUCTS];
	uint64_t popular[3][SHOP_PRODUCTS]; /* by year: the sum of the weights so far */
	uint64_t busy[SHOP_DAYS];	    /* the same of days */
	uint32_t *buyers;		    /* [orders] customers, from 0 */
};

enum shop_file {
	SHOP_BRANDS,
	SHOP_CATEGORIES,
	SHOP_PRODUCTS_CSV,
	SHOP_STORES_CSV,
	SHOP_STAFFS,
	SHOP_STOCKS,
	SHOP_CUSTOMERS_CSV,
	SHOP_ORDERS_CSV,
	SHOP_ITEMS,
};

struct shopdata *shopdata_new(void *mem, const struct generate_plan *plan);
/* The numbers of one row of one file. */
struct random shop_row(const struct shopdata *d, enum shop_file file, uint64_t row);
/* Is row, counted from 1, the one to spoil? */
bool shop_faulty(const struct shopdata *d, enum shop_fault fault, uint64_t row);
/* Is row one of count, spread over rows, that break a rule? */
bool shop_breaks(const struct shopdata *d, uint64_t row, uint64_t rows, uint64_t count);
/* The store in whose state a customer, from 0, lives: 1 to 3. */
int shop_home(const struct shopdata *d, uint32_t customer);
/* The first of n running sums beyond at. */
uint32_t shop_find(const uint64_t *sums, uint32_t n, uint64_t at);

/* catalogue.c */
void shop_make_products(struct shopdata *d);
void shop_write_catalogue(const struct shopdata *d, struct csvfile *const *files);
/* customers.c */
struct err *shop_write_customers(const struct shopdata *d, struct csvfile *f, struct progress *p)
	MUST_CHECK;
/* orders.c */
struct err *shop_write_orders(const struct shopdata *d, struct csvfile *orders,
			      struct csvfile *items, struct progress *p) MUST_CHECK;

#endif
