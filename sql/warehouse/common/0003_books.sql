-- How far the warehouse is, and how it came there.  One row; k is 0 before the first batch.
CREATE TABLE bikeops.watermark (
	k bigint NOT NULL,
	run bigint NOT NULL,
	epoch varchar(64),
	s varchar(65535),
	seq varchar(20),
	xid varchar(20),
	at varchar(40),
	business_timezone varchar(64),
	first_year int NOT NULL,
	last_year int NOT NULL
)
;
INSERT INTO bikeops.watermark (k, run, first_year, last_year) SELECT 0, 0, 0, 0
;
-- Every batch published, in order of k; rows are never changed.
CREATE TABLE bikeops.batches (
	k bigint NOT NULL PRIMARY KEY,
	run bigint NOT NULL,
	s varchar(65535) NOT NULL,
	epoch varchar(64) NOT NULL,
	manifest varchar(1024) NOT NULL,
	loaded_at timestamptz NOT NULL
)
;
-- What each batch did to each table.
CREATE TABLE bikeops.books (
	k bigint NOT NULL,
	tbl varchar(15) NOT NULL,
	what varchar(15) NOT NULL,
	n bigint NOT NULL,
	PRIMARY KEY (k, tbl, what)
)
;
-- The last surrogate key handed out; none is handed out twice.
CREATE TABLE bikeops.keys (
	tbl varchar(15) NOT NULL PRIMARY KEY,
	last_key bigint NOT NULL
)
;
INSERT INTO bikeops.keys (tbl, last_key)
SELECT 'customers', 0 UNION ALL SELECT 'products', 0 UNION ALL SELECT 'staffs', 0
UNION ALL SELECT 'stores', 0 UNION ALL SELECT 'sales', 0
