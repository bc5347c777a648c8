-- The shop's own tables, as the data set has them; audit/ adds its columns.
CREATE SCHEMA store
;
CREATE TABLE store.stores (
	store_id varchar(15) PRIMARY KEY,
	store_name varchar(255),
	phone varchar(25),
	email varchar(255),
	street varchar(255),
	city varchar(255),
	state varchar(10),
	zip_code varchar(5)
)
;
CREATE TABLE store.staffs (
	staff_id varchar(15) PRIMARY KEY,
	first_name varchar(50),
	last_name varchar(50),
	email varchar(255),
	phone varchar(25),
	active int,
	store_id varchar(15),
	manager_id varchar(15)
)
;
CREATE TABLE store.categories (
	category_id int PRIMARY KEY,
	category_name varchar(255)
)
;
CREATE TABLE store.brands (
	brand_id int PRIMARY KEY,
	brand_name varchar(255)
)
;
CREATE TABLE store.products (
	product_id varchar(15) PRIMARY KEY,
	product_name varchar(255),
	brand_id int,
	category_id int,
	model_year int,
	list_price decimal(10, 2)
)
;
CREATE TABLE store.customers (
	customer_id varchar(15) PRIMARY KEY,
	first_name varchar(255),
	last_name varchar(255),
	phone varchar(25),
	email varchar(255),
	street varchar(255),
	city varchar(50),
	state varchar(25),
	zip_code varchar(5)
)
;
CREATE TABLE store.order_status (
	order_status_id int PRIMARY KEY,
	order_status varchar(255)
)
;
INSERT INTO store.order_status VALUES (1, 'Pending'), (2, 'Rejected'), (3, 'Completed')
;
CREATE TABLE store.orders (
	order_id varchar(15) PRIMARY KEY,
	customer_id varchar(15),
	order_status_id int,
	order_date date,
	required_date date,
	shipped_date date,
	store_id varchar(15),
	staff_id varchar(15)
)
;
CREATE TABLE store.order_items (
	order_id varchar(15),
	item_id int,
	product_id varchar(15),
	quantity int,
	list_price decimal(10, 2),
	discount decimal(4, 2),
	PRIMARY KEY (order_id, item_id)
)
;
CREATE TABLE store.stocks (
	store_id varchar(15),
	product_id varchar(15),
	quantity int,
	PRIMARY KEY (store_id, product_id)
)
