-- What a run loaded and publish reads.  Columns in the order of the Parquet files.
CREATE SCHEMA staging
;
CREATE TABLE staging.stg_customers (
	customer_id varchar(15),
	first_name varchar(255),
	last_name varchar(255),
	phone varchar(15),
	email varchar(255),
	street varchar(255),
	city varchar(255),
	state varchar(2),
	zip_code varchar(5),
	eff_date date,
	is_active varchar(1)
)
;
CREATE TABLE staging.stg_products (
	product_id varchar(15),
	product_name varchar(255),
	brand_name varchar(255),
	category_name varchar(255),
	model_year int,
	list_price numeric(10,2),
	eff_date date,
	is_active varchar(1)
)
;
CREATE TABLE staging.stg_staffs (
	staff_id varchar(15),
	first_name varchar(255),
	last_name varchar(255),
	email varchar(255),
	phone varchar(15),
	manager_id varchar(15),
	eff_date date,
	is_active varchar(1)
)
;
CREATE TABLE staging.stg_stores (
	store_id varchar(15),
	store_name varchar(255),
	phone varchar(15),
	email varchar(255),
	street varchar(255),
	city varchar(255),
	state varchar(2),
	zip_code varchar(5),
	eff_date date,
	is_active varchar(1)
)
;
CREATE TABLE staging.stg_date (
	date_key varchar(8),
	date date,
	year int,
	month int,
	day int,
	quarter int,
	day_of_week varchar(9),
	month_name varchar(9),
	week_of_year int
)
;
CREATE TABLE staging.stg_sales (
	order_id varchar(15),
	item_id int,
	product_id varchar(15),
	customer_id varchar(15),
	store_id varchar(15),
	staff_id varchar(15),
	order_date varchar(8),
	required_date varchar(8),
	shipped_date varchar(8),
	rejected_date varchar(8),
	order_status_id int,
	quantity int,
	discount_percent int,
	discount_amount numeric(15,2),
	total_price numeric(15,2),
	total_price_with_discount numeric(15,2)
)
;
-- One row: the batch that fills the tables above.
CREATE TABLE staging.batch (
	k bigint NOT NULL,
	run bigint NOT NULL,
	prev_epoch varchar(64),
	epoch varchar(64) NOT NULL,
	prev_s varchar(65535),
	s varchar(65535) NOT NULL,
	seq varchar(20),
	xid varchar(20),
	at varchar(40),
	business_timezone varchar(64) NOT NULL,
	first_year int NOT NULL,
	last_year int NOT NULL,
	run_day date NOT NULL,
	is_full boolean NOT NULL,
	max_reject_percent int NOT NULL,
	manifest varchar(1024) NOT NULL,
	loaded_at timestamptz NOT NULL
)
;
-- What the transform counted on the way to each table.
CREATE TABLE staging.counted (
	tbl varchar(15) NOT NULL,
	what varchar(15) NOT NULL,
	n bigint NOT NULL
)
;
-- The orders that were read again whole; a full run's are all.
CREATE TABLE staging.stg_orders (
	order_id varchar(60),
	reason varchar(15)
)
;
-- The keys that a full run read, rejected rows' too.
CREATE TABLE staging.keys_read (
	entity varchar(15),
	id varchar(60)
)
