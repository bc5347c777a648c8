#include "local/shopdata.h"

#include "base/mem.h"

#define LENGTH(a) ((uint32_t)(sizeof(a) / sizeof(*(a))))

static const struct {
	const char *name;
	uint32_t products; /* of the 321 */
	bool for_sport;
} brands[] = {
	{ "Larkspur", 120, false },	   { "Ostrander", 12, true },  { "Quillon", 4, true },
	{ "Pennywheel", 3, false },	   { "Brightwater", 2, true }, { "Tumbletot", 4, false },
	{ "Sandpiper Cycles", 22, false }, { "Hollin", 26, true },     { "Varga", 128, true },
};

static const struct category {
	const char *name;
	uint32_t low, high; /* dollars */
	const char *models[8];
	const char *suffixes[5];
} categories[] = {
	{ "Children Bicycles",
	  110,
	  490,
	  { "Pinwheel", "Firefly", "Tadpole", "Comet", "Ladybird", "Moonhop", "Dragonet",
	    "Button" },
	  { "1 16\"", "1 20\"", "(20-inch) - Girl's", "(24-inch) - Boy's", "Balance" } },
	{ "Comfort Bicycles",
	  350,
	  900,
	  { "Promenade", "Lakeside", "Sunday", "Avenue", "Meander", "Terrace", "Orchard",
	    "Picnic" },
	  { "7", "7 - Women's", "21", "Step-Through", "EQ" } },
	{ "Cruisers Bicycles",
	  250,
	  1200,
	  { "Boardwalk", "Driftwood", "Palmetto", "Seabreeze", "Calico", "Lantern", "Marina",
	    "Jukebox" },
	  { "1", "3i", "7D", "3i - Ladies'", "Original" } },
	{ "Cyclocross Bicycles",
	  1500,
	  3900,
	  { "Bramble", "Mudlark", "Gatepost", "Ploughman", "Sleet", "Thicket", "Drumlin",
	    "Heather" },
	  { "Comp", "Disc", "Frameset", "SL", "Expert" } },
	{ "Electric Bikes",
	  1500,
	  4900,
	  { "Voltaire", "Current", "Halcyon", "Dynamo", "Tailwind", "Filament", "Ampersand",
	    "Glide" },
	  { "5i", "8i", "8i - Ladies'", "Lift+", "Commute+" } },
	{ "Mountain Bikes",
	  320,
	  5900,
	  { "Scarp", "Ironwood", "Kestrel", "Talus", "Switchback", "Cairn", "Ridgeback Run",
	    "Gully" },
	  { "5", "7", "8 29", "Carbon", "Frameset" } },
	{ "Road Bikes",
	  750,
	  11900,
	  { "Meridian", "Peloton", "Arrowhead", "Solstice", "Velocette", "Tempo", "Breakaway",
	    "Strada" },
	  { "AL 3", "SL 6", "SLR 8 Disc", "Disc - Women's", "C Frameset" } },
};

/* Categories as often as a brand makes them. */
static const int for_all[] = { 1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 3, 5 };
static const int for_sport[] = { 1, 4, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7 };

static const char *const stores[SHOP_STORES][8] = {
	{ "1", "Pelican Point Bikes", "(831) 555-0141", "pelicanpoint@bikes.example",
	  "18 Lighthouse Walk", "Pelican Point", "CA", "95066" },
	{ "2", "Maple Hollow Bikes", "(516) 555-0172", "maplehollow@bikes.example",
	  "2207 Foundry Lane", "Maple Hollow", "NY", "11437" },
	{ "3", "Cedar Flat Bikes", "(972) 555-0119", "cedarflat@bikes.example", "905 Windmill Road",
	  "Cedar Flat", "TX", "75093" },
};

/* Manager 0 is none. */
static const struct {
	const char *first, *last, *phone;
	int store, manager;
} staffs[] = {
	{ "Odette", "Marlowe", "(831) 555-0142", 1, 0 },
	{ "Tobias", "Finch", "(831) 555-0143", 1, 1 },
	{ "Imogen", "Castellan", "(831) 555-0144", 1, 2 },
	{ "Rafferty", "Dunmore", "(831) 555-0145", 1, 2 },
	{ "Philippa", "Ashgrove", "(516) 555-0173", 2, 1 },
	{ "Leopold", "Wren", "(516) 555-0174", 2, 5 },
	{ "Saskia", "Holloway", "(516) 555-0175", 2, 5 },
	{ "Cornelius", "Vane", "(972) 555-0119", 3, 1 },
	{ "Winifred", "Tarrant", "(972) 555-0120", 3, 8 },
	{ "Barnaby", "Quist", "(972) 555-0121", 3, 8 },
};

static int
brand_at(uint32_t product)
{
	int brand = 0;

	while (product >= brands[brand].products)
		product -= brands[brand++].products;
	return brand;
}

static int
model_year(uint32_t product)
{
	return product < 26 ? 2016 : product < 111 ? 2017 : product < SHOP_STOCKED ? 2018 : 2019;
}

/* Most cost little; nearly all end in .99. */
static long long
price(struct random *r, const struct category *c)
{
	uint64_t x = random_below(r, 1000);
	uint64_t dollars = c->low + (c->high - c->low) * x * x / 1000000;

	return (long long)((dollars / 10 * 10 + 9) * 100 + (random_below(r, 12) ? 99 : 0));
}

static void
make_product(struct shopdata *d, uint32_t i, uint32_t place)
{
	struct random r = shop_row(d, SHOP_PRODUCTS_CSV, i);
	struct shop_product *p = &d->products[i];
	int brand = brand_at(place);
	const int *list = brands[brand].for_sport ? for_sport : for_all;

	p->brand = brand + 1;
	p->category = list[random_below(&r, LENGTH(for_all))];
	p->year = model_year(i);
	const struct category *c = &categories[p->category - 1];
	p->cents = price(&r, c);
	p->name = mem_printf(d, "%s %s %s - %d", brands[brand].name,
			     c->models[random_below(&r, LENGTH(c->models))],
			     c->suffixes[random_below(&r, LENGTH(c->suffixes))], p->year);
}

void
shop_make_products(struct shopdata *d)
{
	struct random r = random_at(d->seed, 104, 0);
	uint32_t places[SHOP_PRODUCTS] = { 0 };

	for (uint32_t i = 0; i < SHOP_PRODUCTS; i++) {
		uint32_t j = random_below(&r, i + 1);

		places[i] = places[j];
		places[j] = i;
	}
	for (uint32_t i = 0; i < SHOP_PRODUCTS; i++)
		make_product(d, i, places[i]);
}

static void
write_products(const struct shopdata *d, struct csvfile *f)
{
	AUTO_MEM void *tmp = mem_root();

	for (uint32_t i = 0; i < SHOP_PRODUCTS; i++) {
		const struct shop_product *p = &d->products[i];

		csv_int(f, i + 1);
		if (shop_faulty(d, FAULT_QUOTE, i + 1))
			csv_raw(f, mem_printf(tmp, "\"%s", brands[0].name));
		else
			csv_text(f, p->name);
		csv_int(f, p->brand);
		csv_int(f, p->category);
		csv_int(f, p->year);
		csv_cents(f, p->cents);
		csv_end(f);
	}
}

static void
write_staffs(struct csvfile *f)
{
	AUTO_MEM void *tmp = mem_root();

	for (uint32_t i = 0; i < LENGTH(staffs); i++) {
		char *email =
			mem_printf(tmp, "%s.%s@bikes.example", staffs[i].first, staffs[i].last);

		for (char *c = email; *c; c++)
			*c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
		csv_int(f, i + 1);
		csv_text(f, staffs[i].first);
		csv_text(f, staffs[i].last);
		csv_text(f, email);
		csv_text(f, staffs[i].phone);
		csv_int(f, 1);
		csv_int(f, staffs[i].store);
		if (staffs[i].manager)
			csv_int(f, staffs[i].manager);
		else
			csv_text(f, NULL);
		csv_end(f);
	}
}

static void
write_stocks(const struct shopdata *d, struct csvfile *f)
{
	for (uint32_t store = 1; store <= SHOP_STORES; store++) {
		for (uint32_t product = 1; product <= SHOP_STOCKED; product++) {
			struct random r = shop_row(d, SHOP_STOCKS, store * 1000 + product);

			csv_int(f, store);
			csv_int(f, product);
			csv_int(f, random_below(&r, 31));
			csv_end(f);
		}
	}
	if (d->fault == FAULT_EMPTY)
		csvfile_truncate(f);
}

void
shop_write_catalogue(const struct shopdata *d, struct csvfile *const *files)
{
	for (uint32_t i = 0; i < LENGTH(brands); i++) {
		csv_int(files[SHOP_BRANDS], i + 1);
		csv_text(files[SHOP_BRANDS], brands[i].name);
		csv_end(files[SHOP_BRANDS]);
	}
	for (uint32_t i = 0; i < LENGTH(categories); i++) {
		csv_int(files[SHOP_CATEGORIES], i + 1);
		csv_text(files[SHOP_CATEGORIES], categories[i].name);
		csv_end(files[SHOP_CATEGORIES]);
	}
	for (uint32_t i = 0; i < SHOP_STORES; i++) {
		for (uint32_t cell = 0; cell < LENGTH(stores[i]); cell++)
			csv_text(files[SHOP_STORES_CSV], stores[i][cell]);
		csv_end(files[SHOP_STORES_CSV]);
	}
	write_products(d, files[SHOP_PRODUCTS_CSV]);
	write_staffs(files[SHOP_STAFFS]);
	write_stocks(d, files[SHOP_STOCKS]);
}
