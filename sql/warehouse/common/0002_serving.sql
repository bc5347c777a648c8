-- The star.  A version of a dimension holds from eff_date to exp_date, both inclusive; the open
-- one ends 9999-12-31 and alone has active_flag 'Y'.
CREATE SCHEMA serving
;
CREATE TABLE serving.dim_customers (
	customer_key bigint NOT NULL PRIMARY KEY,
	customer_id varchar(15) NOT NULL,
	first_name varchar(255),
	last_name varchar(255),
	phone varchar(15),
	email varchar(255),
	street varchar(255),
	city varchar(255),
	state varchar(2),
	zip_code varchar(5),
	eff_date date NOT NULL,
	exp_date date NOT NULL,
	active_flag varchar(1) NOT NULL
)
;
CREATE TABLE serving.dim_products (
	product_key bigint NOT NULL PRIMARY KEY,
	product_id varchar(15) NOT NULL,
	product_name varchar(255),
	brand_name varchar(255),
	category_name varchar(255),
	model_year int,
	list_price numeric(10,2),
	eff_date date NOT NULL,
	exp_date date NOT NULL,
	active_flag varchar(1) NOT NULL
)
;
CREATE TABLE serving.dim_staffs (
	staff_key bigint NOT NULL PRIMARY KEY,
	staff_id varchar(15) NOT NULL,
	first_name varchar(255),
	last_name varchar(255),
	email varchar(255),
	phone varchar(15),
	manager_id varchar(15),
	eff_date date NOT NULL,
	exp_date date NOT NULL,
	active_flag varchar(1) NOT NULL
)
;
CREATE TABLE serving.dim_stores (
	store_key bigint NOT NULL PRIMARY KEY,
	store_id varchar(15) NOT NULL,
	store_name varchar(255),
	phone varchar(15),
	email varchar(255),
	street varchar(255),
	city varchar(255),
	state varchar(2),
	zip_code varchar(5),
	eff_date date NOT NULL,
	exp_date date NOT NULL,
	active_flag varchar(1) NOT NULL
)
;
CREATE TABLE serving.dim_date (
	date_key varchar(8) NOT NULL PRIMARY KEY,
	date date NOT NULL,
	year int NOT NULL,
	month int NOT NULL,
	day int NOT NULL,
	quarter int NOT NULL,
	day_of_week varchar(9) NOT NULL,
	month_name varchar(9) NOT NULL,
	week_of_year int NOT NULL
)
;
CREATE TABLE serving.dim_order_status (
	order_status_id int NOT NULL PRIMARY KEY,
	order_status varchar(255) NOT NULL
)
;
INSERT INTO serving.dim_order_status (order_status_id, order_status)
SELECT 1, 'Pending' UNION ALL SELECT 2, 'Rejected' UNION ALL SELECT 3, 'Completed'
;
CREATE TABLE serving.fact_sales (
	sales_id bigint NOT NULL PRIMARY KEY,
	order_id varchar(15) NOT NULL,
	item_id int NOT NULL,
	product_key bigint,
	customer_key bigint,
	store_key bigint,
	staff_key bigint,
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
