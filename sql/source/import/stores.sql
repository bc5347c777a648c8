-- stores.csv: as it stands, by line; then as the shop keeps it.
CREATE TEMP TABLE import_stores (line bigint, store_id text, store_name text, phone text, email
	text, street text, city text, state text, zip_code text) ON COMMIT DROP
;
COPY import_stores FROM STDIN
;
INSERT INTO store.stores
SELECT store_id, store_name, phone, email, street, city, state, zip_code, at, at, 'Y'
FROM import_stores, pg_temp.midnight('2016-01-01') AS at
