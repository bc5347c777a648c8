-- What `run undo` puts back: the watermark, the keys and the changed rows as they were before each
-- batch of the last days.  A row that a batch added has a key above the last one before it.
CREATE TABLE bikeops.kept (
	k bigint NOT NULL PRIMARY KEY,
	epoch varchar(64),
	s varchar(65535),
	seq varchar(20),
	xid varchar(20),
	at varchar(40),
	kept_at timestamptz NOT NULL
)
;
CREATE TABLE bikeops.kept_keys (
	k bigint NOT NULL,
	tbl varchar(15) NOT NULL,
	last_key bigint NOT NULL,
	PRIMARY KEY (k, tbl)
)
;
-- k, then the columns of the table in serving, in their order.
CREATE TABLE bikeops.kept_dim_customers (k bigint NOT NULL, LIKE serving.dim_customers)
;
CREATE TABLE bikeops.kept_dim_products (k bigint NOT NULL, LIKE serving.dim_products)
;
CREATE TABLE bikeops.kept_dim_staffs (k bigint NOT NULL, LIKE serving.dim_staffs)
;
CREATE TABLE bikeops.kept_dim_stores (k bigint NOT NULL, LIKE serving.dim_stores)
;
CREATE TABLE bikeops.kept_fact_sales (k bigint NOT NULL, LIKE serving.fact_sales)
;
-- Batch k was taken back, by batch by_k; rows are never changed.
CREATE TABLE bikeops.undone (
	k bigint NOT NULL PRIMARY KEY,
	by_k bigint NOT NULL,
	at timestamptz NOT NULL
)
;
ALTER TABLE staging.batch ADD COLUMN prev_seq varchar(20)
;
ALTER TABLE staging.batch ADD COLUMN prev_xid varchar(20)
;
ALTER TABLE staging.batch ADD COLUMN prev_at varchar(40)
