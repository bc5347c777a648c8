#include "local/generate.h"

#include "base/mem.h"
#include "local/csvfile.h"
#include "local/shopdata.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/* In the order of enum shop_file. */
static const struct {
	const char *name;
	const char *header;
} tables[GENERATE_FILES] = {
	{ "brands.csv", "brand_id,brand_name" },
	{ "categories.csv", "category_id,category_name" },
	{ "products.csv", "product_id,product_name,brand_id,category_id,model_year,list_price" },
	{ "stores.csv", "store_id,store_name,phone,email,street,city,state,zip_code" },
	{ "staffs.csv", "staff_id,first_name,last_name,email,phone,active,store_id,manager_id" },
	{ "stocks.csv", "store_id,product_id,quantity" },
	{ "customers.csv",
	  "customer_id,first_name,last_name,phone,email,street,city,state,zip_code" },
	{ "orders.csv", "order_id,customer_id,order_status,order_date,required_date,shipped_date,"
			"store_id,staff_id" },
	{ "order_items.csv", "order_id,item_id,product_id,quantity,list_price,discount" },
};

static const char customers_without_email[] =
	"customer_id,first_name,last_name,phone,street,city,state,zip_code";

static const char *const faults[] = {
	[FAULT_COLUMN] = "customers.csv: no column email",
	[FAULT_TYPE] = "order_items.csv: a quantity in words, order 7",
	[FAULT_QUOTE] = "products.csv: a quote that does not end, product 7",
	[FAULT_KEY] = "orders.csv: a customer that is not there, order 7",
	[FAULT_EMPTY] = "stocks.csv: empty",
	[FAULT_UTF8] = "customers.csv: a name that is not UTF-8, customer 7",
	[FAULT_NONE] = NULL,
};

/* One of the nine, or what an interrupted run left of it. */
static bool
is_ours(const char *name)
{
	AUTO_MEM void *tmp = mem_root();

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return true;
	for (int i = 0; i < GENERATE_FILES; i++) {
		const char *part = mem_printf(tmp, ".%s.new", tables[i].name);

		if (strcmp(name, tables[i].name) == 0 || strcmp(name, part) == 0)
			return true;
	}
	return false;
}

static struct err *
check_entries(const char *dir, DIR *d)
{
	const struct dirent *entry;

	while ((entry = readdir(d))) {
		if (is_ours(entry->d_name))
			continue;
		return err_hint(err_new(ERR_REFUSED,
					"'%s' holds '%s', which is no file of a data set", dir,
					entry->d_name),
				"name a new or empty directory");
	}
	return NULL;
}

/* A data set may be written over; anything else in there was not meant. */
static struct err *
make_dir(const char *dir)
{
	struct err *e;
	DIR *d;

	if (mkdir(dir, 0777) && errno != EEXIST)
		return err_sys(ERR_REFUSED, "cannot make '%s'", dir);
	d = opendir(dir);
	if (!d)
		return err_sys(ERR_REFUSED, "cannot read '%s'", dir);
	e = check_entries(dir, d);
	closedir(d);
	return e;
}

static struct err *
open_files(void *mem, const struct generate_plan *plan, const struct shopdata *d,
	   struct csvfile **files)
{
	for (int i = 0; i < GENERATE_FILES; i++) {
		const char *header = tables[i].header;

		if (i == SHOP_CUSTOMERS_CSV && d->fault == FAULT_COLUMN)
			header = customers_without_email;
		TRY(csvfile_new(mem, plan->out, tables[i].name, header, &files[i]));
	}
	return NULL;
}

struct err *
generate(const struct generate_plan *plan, struct progress *progress, struct generate_done *done)
{
	AUTO_MEM void *tmp = mem_root();
	struct csvfile *files[GENERATE_FILES];
	struct shopdata *d = shopdata_new(tmp, plan);

	TRY(make_dir(plan->out));
	TRY(open_files(tmp, plan, d, files));
	shop_write_catalogue(d, files);
	TRY(shop_write_customers(d, files[SHOP_CUSTOMERS_CSV], progress));
	TRY(shop_write_orders(d, files[SHOP_ORDERS_CSV], files[SHOP_ITEMS], progress));
	for (int i = 0; i < GENERATE_FILES; i++)
		TRY(csvfile_finish(files[i]));
	for (int i = 0; i < GENERATE_FILES; i++)
		TRY(csvfile_commit(files[i]));
	*done = (struct generate_done){ .fault = faults[d->fault] };
	for (int i = 0; i < GENERATE_FILES; i++) {
		done->names[i] = tables[i].name;
		done->rows[i] = csvfile_rows(files[i]);
		done->bytes[i] = csvfile_bytes(files[i]);
	}
	return NULL;
}
