#include "local/shopdata.h"

#include "base/cancel.h"

#include <stdio.h>

#define LENGTH(a)  ((uint32_t)(sizeof(a) / sizeof(*(a))))
#define TELL_EVERY 65536
#define BROKEN	   10

static const char *const first_names[] = {
	"Abigail",   "Adrian",	"Agnes",    "Alaric",	"Amara",   "Anselm",   "Beatrix",
	"Benedict",  "Bronwyn", "Caspian",  "Cecily",	"Clement", "Cordelia", "Cyrus",
	"Dahlia",    "Desmond", "Dorothea", "Edmund",	"Elspeth", "Emeric",   "Esme",
	"Everett",   "Fenella", "Florian",  "Frances",	"Gideon",  "Greta",    "Gwendolyn",
	"Hadley",    "Harriet", "Hector",   "Ignatius", "Ingrid",  "Isidore",  "Jasper",
	"Jocelyn",   "Juniper", "Keziah",   "Lachlan",	"Leonie",  "Linnea",   "Lucian",
	"Mabel",     "Magnus",	"Marigold", "Mathilda", "Merrick", "Mina",     "Nadia",
	"Nathaniel", "Nell",	"Octavia",  "Orson",	"Otis",	   "Pascal",   "Petra",
	"Quentin",   "Ramona",	"Rosalind", "Rupert",	"Sabine",  "Silas",    "Tamsin",
	"Zephyr",
};

static const char *const last_names[] = {
	"Abernathy", "Aldous",	  "Appleyard", "Barrow",    "Bexley",	    "Birch",
	"Blackwood", "Bramwell",  "Calloway",  "Carver",    "Chilton",	    "Claymore",
	"Coldwell",  "Cray",	  "Darrow",    "Deveraux",  "Drummond",	    "Eastlake",
	"Eldridge",  "Farrow",	  "Fenwick",   "Forsythe",  "Garrick",	    "Gladwell",
	"Greaves",   "Hadden",	  "Harcourt",  "Hawthorn",  "Heath",	    "Ivers",
	"Jessop",    "Kettering", "Kincaid",   "Lambert",   "Larkin",	    "Lockwood",
	"Lynd",	     "Maddox",	  "Mayhew",    "Mercer",    "Merriweather", "Nightingale",
	"Norwood",   "O'Dell",	  "Oakes",     "Ormond",    "Parrish",	    "Pell",
	"Pemberton", "Prescott",  "Quill",     "Radcliffe", "Ramsey",	    "Rooke",
	"Sedgwick",  "Selby",	  "Severn",    "Sinclair",  "Stanhope",	    "Sterling",
	"Thackeray", "Thorne",	  "Underhill", "Vesper",    "Wainwright",   "Westbrook",
	"Whitlock",  "Winslow",	  "Wycliffe",  "Yardley",
};

static const char *const roads[] = {
	"Alder",	"Beacon",     "Bluebell", "Canal",	  "Chapel", "Clover",
	"Copper Mill",	"Cranberry",  "Dove",	  "Elm Tree",	  "Falcon", "Fern Hill",
	"Garnet",	"Glen",	      "Granary",  "Hazel",	  "Heron",  "Ivy",
	"Juniper Hill", "Kiln",	      "Larch",	  "Linden",	  "Magpie", "Meadow",
	"Mill Pond",	"N. Quarry",  "Nutmeg",	  "Orchard View", "Otter",  "Pebble",
	"Plum",		"Quince",     "Rowan",	  "S. Harbor",	  "Sorrel", "Sparrow",
	"Spindle",	"Stone Gate", "Thistle",  "Willow",
};

static const char *const road_kinds[] = {
	"St.", "Street", "Ave.", "Avenue", "Lane", "Drive", "Court", "Rd.", "Road", "Circle", "Dr.",
};

static const char *const mail_hosts[] = { "example.com", "example.net", "example.org",
					  "mail.example" };

static const struct region {
	const char *state;
	uint32_t zip, zips;
	uint32_t area_codes[4];
	const char *cities[12];
} regions[SHOP_STORES] = {
	{ "CA",
	  90000,
	  6100,
	  { 209, 408, 714, 916 },
	  { "Pelican Point", "Alta Verde", "Costa Clara", "Dry Creek Mesa", "El Robledo", "Fogline",
	    "Granite Beach", "Las Palomas", "Mirador", "Otter Bay", "Poppy Hills",
	    "Vista Serena" } },
	{ "NY",
	  10000,
	  4900,
	  { 315, 516, 716, 845 },
	  { "Maple Hollow", "Ashford Mills", "Birchmere", "Canal Junction", "East Larch",
	    "Ferry Point", "Kingsbarrow", "Lower Tannery", "New Harwick", "Otsdale", "Saltmarsh",
	    "West Quarry" } },
	{ "TX",
	  75000,
	  4900,
	  { 214, 281, 512, 972 },
	  { "Cedar Flat", "Armadillo Springs", "Bluebonnet", "Caliche", "Dos Nogales",
	    "Longhorn Bend", "Mesquite Hill", "Pecan Grove", "Rio Frondoso", "Saddle Creek",
	    "Twin Windmills", "Yucca Station" } },
};

#define PICK(r, list) ((list)[random_below((r), LENGTH(list))])

static void
write_email(struct csvfile *f, struct random *r, const char *first, const char *last, uint32_t id)
{
	char text[128], *to = text;

	snprintf(text, sizeof(text), "%s.%s", first, last);
	for (const char *from = text; *from; from++) {
		if (*from != '\'')
			*to++ = *from >= 'A' && *from <= 'Z' ? (char)(*from - 'A' + 'a') : *from;
	}
	*to = '\0';
	/* The names of the first block differ enough; later ones need a number. */
	if (id > SHOP_CUSTOMERS)
		to += snprintf(to, 12, "%u", id);
	snprintf(to, sizeof(text) - (size_t)(to - text), "@%s", PICK(r, mail_hosts));
	csv_text(f, text);
}

static void
write_address(const struct shopdata *d, struct csvfile *f, struct random *r, uint32_t customer)
{
	const struct region *at = &regions[shop_home(d, customer) - 1];
	char text[128];
	uint32_t zip = at->zip + random_below(r, at->zips);

	/* As the files of the real shop: most streets end in a blank. */
	snprintf(text, sizeof(text), "%u %s %s%s", 1 + random_below(r, 9899), PICK(r, roads),
		 PICK(r, road_kinds), random_below(r, 10) ? " " : "");
	csv_text(f, text);
	csv_text(f, PICK(r, at->cities));
	csv_text(f, at->state);
	if (!shop_breaks(d, customer, d->customers, BROKEN)) {
		csv_int(f, zip);
		return;
	}
	snprintf(text, sizeof(text), "%u\u00e9", zip / 10); /* five characters, six bytes */
	csv_text(f, text);
}

static void
write_customer(const struct shopdata *d, struct csvfile *f, uint32_t customer)
{
	struct random r = shop_row(d, SHOP_CUSTOMERS_CSV, customer);
	uint32_t id = customer + 1;
	const char *first = PICK(&r, first_names), *last = PICK(&r, last_names);
	const struct region *at = &regions[shop_home(d, customer) - 1];
	char phone[32];

	csv_int(f, id);
	csv_text(f, first);
	csv_text(f, shop_faulty(d, FAULT_UTF8, id) ? "Caf\xe9" : last);
	snprintf(phone, sizeof(phone), "(%u) 555-%04u", PICK(&r, at->area_codes),
		 random_below(&r, 10000));
	csv_text(f, random_below(&r, 8) ? NULL : phone);
	if (d->fault != FAULT_COLUMN)
		write_email(f, &r, first, last, id);
	write_address(d, f, &r, customer);
	csv_end(f);
}

struct err *
shop_write_customers(const struct shopdata *d, struct csvfile *f, struct progress *p)
{
	for (uint32_t customer = 0; customer < d->customers; customer++) {
		write_customer(d, f, customer);
		if (customer % TELL_EVERY)
			continue;
		TRY(cancel_check());
		progress_tell(p, "generate.customers", customer, csvfile_bytes(f), d->customers);
	}
	return NULL;
}
