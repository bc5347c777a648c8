#include "engine/engine.h"

#include "base/cancel.h"
#include "base/sql.h"
#include "unit.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CUSTOMERS                                                                             \
	"seq,op,day,customer_id,first_name,last_name,phone,email,street,city,state,zip_code," \
	"is_active\n"
#define STORES "seq,op,day,store_id,store_name,phone,email,street,city,state,zip_code,is_active\n"
#define PRODUCTS                                                                             \
	"seq,op,day,product_id,product_name,brand_name,category_name,model_year,list_price," \
	"is_active\n"
#define ORDERS                                                                                \
	"order_id,item_id,customer_id,store_id,staff_id,product_id,order_date,required_date," \
	"shipped_date,order_status_id,quantity,list_price,discount,day\n"
#define LINE "1,1,7,1,2,20,2016-02-03,2016-02-05,,3,2,599.99,0.20,2016-02-03\n"

/* A lake, an engine and a batch without files. */
struct fixture {
	char dir[64];
	void *mem;
	struct lake *lake;
	struct engine *engine;
	struct batch batch;
};

static void
fixture_begin(struct fixture *f)
{
	const struct engine_config config = { .threads = 2 };

	*f = (struct fixture){ .dir = "/tmp/state=bikeops 'c' [d]*.XXXXXX", .mem = mem_root() };
	assert_non_null(mkdtemp(f->dir));
	assert_err(lake_open_folder(f->mem, f->dir, &f->lake), NULL);
	assert_err(engine_open_duckdb(f->mem, &config, f->lake, &f->engine), NULL);
	f->batch = (struct batch){ .run = 1, .attempt = 2, .prefix = "2026/07/15/1-abcdef" };
	f->batch.next.k = 1;
	f->batch.files = mem_array(f->mem, struct batch_file, 8);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void
fixture_end(struct fixture *f)
{
	mem_free(f->engine);
	mem_free(f->mem);
	nftw(f->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A raw file as extract writes it; its rows hold no line ends. */
static struct batch_file *
put(struct fixture *f, const char *entity, const char *text)
{
	struct batch_file *file = &f->batch.files[f->batch.n_files++];
	struct lake_writer *w;

	file->entity = entity;
	file->key =
		mem_printf(f->mem, "%s/a1/%s-%zu.csv", f->batch.prefix, entity, f->batch.n_files);
	assert_err(lake_create(f->mem, f->lake, LAKE_RAW, file->key, &w), NULL);
	assert_err(w->sink.write(&w->sink, text, strlen(text)), NULL);
	assert_err(lake_commit(w), NULL);
	file->bytes = w->bytes;
	file->sha256 = w->sha256;
	file->header = mem_strndup(f->mem, text, strcspn(text, "\n"));
	file->rows = -1;
	for (; *text; text++)
		file->rows += *text == '\n';
	return file;
}

static const struct staged *
table(const struct staging *staging, const char *name)
{
	for (size_t i = 0; i < staging->n; i++) {
		if (!strcmp(staging->tables[i].table, name))
			return &staging->tables[i];
	}
	fail();
	return NULL;
}

struct text_sink {
	struct sink sink;
	struct strbuf text;
};

static struct err *
text_write(struct sink *self, const void *data, size_t n)
{
	strbuf_add(&((struct text_sink *)self)->text, data, n);
	return NULL;
}

static char *
rows(struct fixture *f, const struct staged *s)
{
	struct text_sink sink = { .sink.write = text_write };

	strbuf_init(&sink.text, f->mem, 1 << 20);
	assert_int_equal(s->n_keys, 1);
	assert_err(engine_rows(f->engine, s->keys[0], &sink.sink), NULL);
	return sink.text.s;
}

struct table_row {
	const char *name;
	const char *entity;
	const char *raw;
	const char *table;
	long long counts[4]; /* read, staged, superseded, rejected */
	const char *staged;
	const char *rejects; /* after the header; %s is the object */
};

/* One row is staged or rejected in most, for rows come in no order. */
static const struct table_row table_rows[] = {
	{ "NULL and the empty text",
	  "customers",
	  CUSTOMERS "1,I,2016-03-04,c1,,\"\",\"\"\"q\"\", \",\",\",é,Rome,NY,12345,Y\n",
	  "stg_customers",
	  { 1, 1, 0, 0 },
	  "c1,,\"\",\"\"\"q\"\", \",\",\",é,Rome,NY,12345,2016-03-04,Y\n",
	  NULL },
	{ "the last image of a day",
	  "stores",
	  STORES "1,I,2016-01-01,s1,Old,,,,,,,Y\n2,U,2016-01-01,s1,New,,,,,,,Y\n",
	  "stg_stores",
	  { 2, 1, 1, 0 },
	  "s1,New,,,,,,,2016-01-01,Y\n",
	  NULL },
	{ "a day that goes back is the day before it",
	  "stores",
	  STORES "8,I,2016-01-05,s1,Old,,,,,,,Y\n9,U,2016-01-02,s1,New,,,,,,,Y\n",
	  "stg_stores",
	  { 2, 1, 1, 0 },
	  "s1,New,,,,,,,2016-01-05,Y\n",
	  NULL },
	{ "rejected before the last of the day is taken",
	  "stores",
	  STORES "1,I,2016-01-01,s1,Old,,,,,,,Y\n2,U,2016-01-01,s1,New,,,,,NYC,,Y\n",
	  "stg_stores",
	  { 2, 1, 0, 1 },
	  "s1,Old,,,,,,,2016-01-01,Y\n",
	  "stores,s1,state: longer than 2 bytes,"
	  "\"\"\"2\"\",\"\"U\"\",\"\"2016-01-01\"\","
	  "\"\"s1\"\",\"\"New\"\",,,,,\"\"NYC\"\",,\"\"Y\"\"\",%s\n" },
	{ "a deletion is not refused for its attributes",
	  "stores",
	  STORES "3,D,2016-01-01,s1,Old,,,,,NYC,12345,N\n",
	  "stg_stores",
	  { 1, 1, 0, 0 },
	  "s1,Old,,,,,,12345,2016-01-01,N\n",
	  NULL },
	{ "lengths count bytes",
	  "stores",
	  STORES "1,I,2016-01-01,s1,,,,,,é,ééé,Y\n",
	  "stg_stores",
	  { 1, 0, 0, 1 },
	  NULL,
	  "stores,s1,zip_code: longer than 5 bytes,"
	  "\"\"\"1\"\",\"\"I\"\",\"\"2016-01-01\"\","
	  "\"\"s1\"\",,,,,,\"\"é\"\",\"\"ééé\"\",\"\"Y\"\"\",%s\n" },
	{ "quotes leave a product's name",
	  "products",
	  PRODUCTS "0,F,2016-01-01,p1,\"Bike 20\"\"\",B,C,2016,10.00,Y\n",
	  "stg_products",
	  { 1, 1, 0, 0 },
	  "p1,Bike 20,B,C,2016,10.00,2016-01-01,Y\n",
	  NULL },
	{ "measures, half a cent goes up",
	  "orders",
	  ORDERS "1,1,7,1,,20,2016-02-03,2016-02-05,,2,3,0.05,0.50,2016-02-09\n",
	  "stg_sales",
	  { 1, 1, 0, 0 },
	  "1,1,20,7,1,,20160203,20160205,,20160209,2,3,50,0.08,0.15,0.07\n",
	  NULL },
	{ "an order without a date",
	  "orders",
	  ORDERS "1,2,7,1,2,20,,,,1,1,1.00,0.00,2016-02-09\n",
	  "stg_sales",
	  { 1, 0, 0, 1 },
	  NULL,
	  "orders,1/2,order_date: not a day from 1900 to 2199,"
	  "\"\"\"1\"\",\"\"2\"\",\"\"7\"\",\"\"1\"\",\"\"2\"\",\"\"20\"\",,,,\"\"1\"\",\"\"1\"\","
	  "\"\"1.00\"\",\"\"0.00\"\",\"\"2016-02-09\"\"\",%s\n" },
};

static void
tables(void **state)
{
	const struct table_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct staging *staging;
	struct strbuf text;
	struct fixture f;

	fixture_begin(&f);
	const struct batch_file *file = put(&f, row->entity, row->raw);
	assert_err(engine_transform(f.mem, f.engine, &f.batch, &staging, NULL), NULL);
	const struct staged *s = table(staging, row->table);
	assert_int_equal(s->read, row->counts[0]);
	assert_int_equal(s->rows, row->counts[1]);
	assert_int_equal(s->superseded, row->counts[2]);
	assert_int_equal(s->rejected, row->counts[3]);
	if (row->staged)
		assert_string_equal(rows(&f, s), row->staged);
	else
		assert_int_equal(s->n_keys, 0);
	assert_int_equal(s->rejects_key != NULL, row->rejects != NULL);
	if (row->rejects) {
		char *want = mem_strndup(tmp, row->rejects, strlen(row->rejects) - strlen("%s\n"));

		want = mem_printf(tmp, "entity,key,rule,raw,object\n%s%s\n", want, file->key);
		assert_err(lake_read(tmp, f.lake, LAKE_PROCESSED, s->rejects_key, 9999, &text),
			   NULL);
		assert_string_equal(text.s, want);
	}
	fixture_end(&f);
}

static void
keys_and_entities(void **state)
{
	struct staging *staging;
	struct fixture f;

	(void)state;
	fixture_begin(&f);
	put(&f, "orders", ORDERS LINE "1,x,7,1,2,20,2016-02-03,,,3,2,599.99,0.20,2016-02-03\n");
	put(&f, "customers", CUSTOMERS);
	assert_err(engine_transform(f.mem, f.engine, &f.batch, &staging, NULL), NULL);
	assert_int_equal(staging->n, 6);
	const struct staged *s = table(staging, "stg_sales");
	assert_string_equal(s->entity, "sales");
	assert_string_equal(s->keys[0], "2026/07/15/1-abcdef/a2/stg_sales.parquet");
	assert_string_equal(s->rejects_key, "2026/07/15/1-abcdef/a2/_rejects/orders.csv");
	assert_true(s->bytes > 0);
	assert_string_equal(table(staging, "stg_date")->entity, "dates");
	s = table(staging, "stg_customers");
	assert_int_equal(s->n_keys, 0);
	assert_int_equal(s->read, 0);
	fixture_end(&f);
}

/* The second part of the stores has no header; both are read, each row knows its object. */
static void
parts_of_an_entity(void **state)
{
	struct staging *staging;
	struct strbuf rejects;
	struct fixture f;

	(void)state;
	fixture_begin(&f);
	put(&f, "stores", STORES "1,I,2016-01-01,s1,Old,,,,,,,Y\n");
	struct batch_file *second = put(&f, "stores",
					"2,I,2016-01-01,s2,New,,,,,,,Y\n"
					"3,I,2016-13-01,s3,Bad,,,,,,,Y\n");
	second->header = f.batch.files[0].header;
	second->headless = true;
	second->sha256 = NULL;
	second->rows = 2;
	assert_err(engine_transform(f.mem, f.engine, &f.batch, &staging, NULL), NULL);
	const struct staged *s = table(staging, "stg_stores");
	assert_int_equal(s->read, 3);
	assert_int_equal(s->rows, 2);
	assert_non_null(strstr(rows(&f, s), "s1,Old"));
	assert_non_null(strstr(rows(&f, s), "s2,New"));
	assert_err(lake_read(f.mem, f.lake, LAKE_PROCESSED, s->rejects_key, 9999, &rejects), NULL);
	assert_non_null(strstr(rejects.s, second->key));
	fixture_end(&f);
}

struct year_row {
	const char *name;
	int prev[2];
	const char *raw;
	long long days;
	int want[2];
	const char *first;
};

static const struct year_row year_rows[] = {
	{ "a new calendar",
	  { 0, 0 },
	  ORDERS LINE,
	  366,
	  { 2016, 2016 },
	  "20160101,2016-01-01,2016,1,1,1,Friday,January,53\n" },
	{ "only years that it lacks",
	  { 2014, 2015 },
	  ORDERS LINE,
	  366,
	  { 2014, 2016 },
	  "20160101,2016-01-01,2016,1,1,1,Friday,January,53\n" },
	{ "years between as well",
	  { 2013, 2013 },
	  ORDERS LINE,
	  365 + 365 + 366,
	  { 2013, 2016 },
	  "20140101,2014-01-01,2014,1,1,1,Wednesday,January,1\n" },
	{ "an earlier one",
	  { 2017, 2018 },
	  ORDERS LINE,
	  366,
	  { 2016, 2018 },
	  "20160101,2016-01-01,2016,1,1,1,Friday,January,53\n" },
	{ "nothing new", { 2015, 2017 }, ORDERS LINE, 0, { 2015, 2017 }, NULL },
	{ "no lines", { 2015, 2017 }, ORDERS, 0, { 2015, 2017 }, NULL },
	{ "no good lines",
	  { 2015, 2017 },
	  ORDERS "1,1,7,1,2,20,1899-12-31,,,3,2,599.99,0.20,2016-02-03\n",
	  0,
	  { 2015, 2017 },
	  NULL },
	{ "no lines ever", { 0, 0 }, ORDERS, 0, { 0, 0 }, NULL },
};

static void
years(void **state)
{
	const struct year_row *row = *state;
	struct staging *staging;
	struct fixture f;

	fixture_begin(&f);
	put(&f, "orders", row->raw);
	f.batch.prev.first_year = row->prev[0];
	f.batch.prev.last_year = row->prev[1];
	assert_err(engine_transform(f.mem, f.engine, &f.batch, &staging, NULL), NULL);
	assert_int_equal(staging->first_year, row->want[0]);
	assert_int_equal(staging->last_year, row->want[1]);
	const struct staged *s = table(staging, "stg_date");
	assert_int_equal(s->rows, row->days);
	assert_int_equal(s->read, row->days);
	if (row->first)
		assert_non_null(strstr(rows(&f, s), row->first));
	else
		assert_int_equal(s->n_keys, 0);
	fixture_end(&f);
}

struct broken_row {
	const char *name;
	const char *raw;
	long long more_bytes, more_rows;
	const char *sha256, *header;
	const char *want; /* of the error's text; @ is the object */
};

static const struct broken_row broken_rows[] = {
	{ "bytes", STORES, 1, 0, NULL, NULL, "'@' has 80 bytes, its manifest says 81" },
	{ "sum", STORES, 0, 0, "00", NULL, "'@' has another content than its manifest says" },
	{ "header", STORES, 0, 0, NULL, "seq,op",
	  "'@' begins with 'seq,op,day,store_id,store_name,phone,email,street,city,state,zip_code,"
	  "is_active', its manifest says 'seq,op'" },
	{ "rows", STORES "1,I,2016-01-01,s1,Old,,,,,,,Y\n", 0, 1, NULL, NULL,
	  "cannot transform stores: '@' gave 1 rows, its manifest says 2" },
	{ "a row too short", STORES "1,I,2016-01-01\n", 0, 0, NULL, NULL,
	  "cannot transform stores: duckdb says: Invalid Input Error: CSV Error on Line: 2 " },
	{ "not UTF-8", STORES "1,I,2016-01-01,s1,\xff,,,,,,,Y\n", 0, 0, NULL, NULL,
	  "cannot transform stores: duckdb says: Invalid Input Error: " },
	{ "another column", "seq,op\n1,I\n", 0, 0, NULL, NULL,
	  "cannot transform stores: duckdb says: Binder Error: " },
};

static void
broken(void **state)
{
	const struct broken_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct staging *staging;
	struct fixture f;

	fixture_begin(&f);
	struct batch_file *file = put(&f, "stores", row->raw);
	file->bytes += row->more_bytes;
	file->rows += row->more_rows;
	file->sha256 = row->sha256 ? row->sha256 : file->sha256;
	file->header = row->header ? row->header : file->header;
	struct err *e = engine_transform(f.mem, f.engine, &f.batch, &staging, NULL);
	assert_non_null(e);
	const char *at = strchr(row->want, '@');
	char *want = mem_strdup(tmp, row->want);
	if (at)
		want = mem_printf(tmp, "%.*sfolder://%s/raw/%s%s", (int)(at - row->want), row->want,
				  f.dir, file->key, at + 1);
	char *got = err_text(tmp, e);
	if (strlen(got) > strlen(want) && !at)
		got[strlen(want)] = '\0';
	assert_string_equal(got, want);
	err_free(e);
	fixture_end(&f);
}

/* The texts of sql/ in a directory, one of them another. */
static void
sql_other(struct fixture *f, const char *name, const char *text)
{
	AUTO_MEM void *tmp = mem_root();

	for (const struct sql_file *s = sql_files; s->name; s++) {
		char *path = mem_printf(tmp, "%s/sql/%s.sql", f->dir, s->name);

		for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
			*slash = '\0';
			mkdir(path, 0700);
			*slash = '/';
		}
		FILE *file = fopen(path, "we");
		assert_non_null(file);
		fputs(strcmp(s->name, name) ? s->text : text, file);
		fclose(file);
	}
	assert_err(sql_use_dir(mem_printf(tmp, "%s/sql", f->dir)), NULL);
}

struct locked_row {
	const char *name;
	const char *text;
};

static const struct locked_row locked_rows[] = {
	{ "a file elsewhere", "SELECT content FROM read_text('/etc/passwd')" },
	{ "another descriptor", "SELECT content FROM read_text('/dev/fd/0')" },
	{ "the network", "SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')" },
};

static void
locked(void **state)
{
	const struct locked_row *row = *state;
	AUTO_MEM void *tmp = mem_root();
	struct staging *staging;
	struct fixture f;

	fixture_begin(&f);
	put(&f, "stores", STORES "1,I,2016-01-01,s1,Old,,,,,,,Y\n");
	sql_other(&f, "transform/stg_stores", mem_printf(tmp, "-- FROM raw_stores\n%s", row->text));
	struct err *e = engine_transform(f.mem, f.engine, &f.batch, &staging, NULL);
	assert_non_null(e);
	assert_non_null(strstr(err_text(tmp, e), "duckdb says: Permission Error"));
	err_free(e);
	assert_err(sql_use_dir(NULL), NULL);
	fixture_end(&f);
}

/* 100,000 customers, more than any pipe holds. */
static const char *
many(struct fixture *f)
{
	struct strbuf text;
	struct staging *staging;

	strbuf_init(&text, f->mem, 1 << 26);
	strbuf_str(&text, CUSTOMERS);
	for (int i = 0; i < 100000; i++)
		strbuf_printf(&text,
			      "0,F,2016-03-04,c%d,Ann,Lee,,a@b.c,1 Main St.,Rome,NY,12345,Y\n", i);
	put(f, "customers", text.s);
	assert_err(engine_transform(f->mem, f->engine, &f->batch, &staging, NULL), NULL);
	return table(staging, "stg_customers")->keys[0];
}

struct bad_sink {
	struct sink sink;
	size_t room;
};

static struct err *
bad_write(struct sink *self, const void *data, size_t n)
{
	struct bad_sink *b = (struct bad_sink *)self;

	(void)data;
	if (n > b->room)
		return err_new(ERR_NET, "the other side is gone");
	b->room -= n;
	return NULL;
}

static void
a_reader_that_fails(void **state)
{
	struct bad_sink early = { { bad_write }, 0 }, late = { { bad_write }, 3000000 };
	struct bad_sink never = { { bad_write }, 1 << 30 };
	struct fixture f;

	(void)state;
	fixture_begin(&f);
	const char *key = many(&f);
	assert_err(engine_rows(f.engine, key, &early.sink), "the other side is gone");
	assert_err(engine_rows(f.engine, key, &late.sink), "the other side is gone");
	assert_err(engine_rows(f.engine, key, &never.sink), NULL);
	assert_int_equal((1 << 30) - never.room, 100000 * (1 + 54) + 488890);
	fixture_end(&f);
}

struct heard {
	struct progress progress;
	int times;
	long long rows, bytes, total;
	const char *step;
};

static void
hear(struct progress *self, const char *step, long long done, long long bytes, long long total)
{
	struct heard *h = (struct heard *)self;

	h->times++;
	h->step = step;
	h->rows = done;
	h->bytes = bytes;
	h->total = total;
}

static void
tells_how_far_it_is(void **state)
{
	struct heard heard = { .progress.tell = hear };
	struct staging *staging;
	struct fixture f;

	(void)state;
	fixture_begin(&f);
	put(&f, "orders", ORDERS LINE);
	put(&f, "stores", STORES "1,I,2016-01-01,s1,Old,,,,,,,Y\n");
	assert_err(engine_transform(f.mem, f.engine, &f.batch, &staging, &heard.progress), NULL);
	assert_true(heard.times >= 2);
	assert_string_equal(heard.step, "transform.duckdb");
	assert_int_equal(heard.rows, 2);
	assert_int_equal(heard.total, 2);
	assert_int_equal(heard.bytes, f.batch.files[0].bytes + f.batch.files[1].bytes);
	fixture_end(&f);
}

struct library_row {
	const char *name;
	const char *library;
	const char *want;
};

static const struct library_row library_rows[] = {
	{ "a path without a file", "/nowhere/libduckdb.so",
	  "cannot start the engine: cannot load libduckdb: /nowhere/libduckdb.so: "
	  "cannot open shared object file: No such file or directory" },
	{ "another library", "libm.so.6",
	  "cannot start the engine: 'libm.so.6' lacks duckdb_library_version" },
};

static void
libraries(void **state)
{
	const struct library_row *row = *state;
	const struct engine_config config = { .library = row->library };
	AUTO_MEM void *tmp = mem_root();
	struct engine *engine;
	struct err *e = engine_open_duckdb(tmp, &config, NULL, &engine);

	assert_non_null(e);
	assert_non_null(strstr(err_hint_of(e), "make deps"));
	assert_err(e, row->want);
}

static void
probes(void **state)
{
	const struct engine_config config = { 0 };
	AUTO_MEM void *tmp = mem_root();
	char *version, *path;

	(void)state;
	assert_err(engine_probe_duckdb(tmp, &config, &version, &path), NULL);
	assert_string_equal(version, "v1.5.6");
	assert_int_equal(access(path, R_OK), 0);
}

/* The first word comes after the customers, the second from within the stores. */
static void
hear_and_cancel(struct progress *self, const char *step, long long done, long long bytes,
		long long total)
{
	hear(self, step, done, bytes, total);
	if (((struct heard *)self)->times == 2)
		cancel_request();
}

/* Last, for a cancel cannot be taken back. */
static void
a_cancel_ends_it(void **state)
{
	struct heard heard = { .progress.tell = hear_and_cancel };
	struct bad_sink never = { { bad_write }, 1 << 30 };
	struct staging *staging;
	struct fixture f;

	(void)state;
	cancel_init();
	fixture_begin(&f);
	const char *key = many(&f);
	put(&f, "stores", STORES "1,I,2016-01-01,s1,Old,,,,,,,Y\n");
	sql_other(&f, "transform/stg_stores",
		  "-- FROM raw_stores\n"
		  "SELECT count(*) AS n, NULL AS _rule, NULL AS _key, 1 AS _n, NULL AS _raw, "
		  "NULL AS _object FROM range(1000000) a, range(1000000) b "
		  "WHERE (a.range * b.range) % 7 = 3");
	f.batch.files[0].rows = 0;
	assert_err(engine_transform(f.mem, f.engine, &f.batch, &staging, &heard.progress),
		   "cannot transform stores: cancelled");
	assert_err(engine_rows(f.engine, key, &never.sink), "cancelled");
	assert_err(sql_use_dir(NULL), NULL);
	fixture_end(&f);
}

int
main(void)
{
	struct unit u = { 0 };

	UNIT_ROWS(&u, tables, table_rows);
	UNIT(&u, keys_and_entities);
	UNIT(&u, parts_of_an_entity);
	UNIT_ROWS(&u, years, year_rows);
	UNIT_ROWS(&u, broken, broken_rows);
	UNIT_ROWS(&u, locked, locked_rows);
	UNIT(&u, a_reader_that_fails);
	UNIT(&u, tells_how_far_it_is);
	UNIT_ROWS(&u, libraries, library_rows);
	UNIT(&u, probes);
	UNIT(&u, a_cancel_ends_it);
	return unit_run(&u, "duckdb");
}
