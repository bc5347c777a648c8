-- products.csv: as it stands, by line; then as the shop keeps it.
CREATE TEMP TABLE import_products (line bigint, product_id text, product_name text, brand_id
	text, category_id text, model_year text, list_price text) ON COMMIT DROP
;
COPY import_products FROM STDIN
;
INSERT INTO store.products
SELECT product_id, product_name, brand_id::int, category_id::int, model_year::int,
	list_price::decimal, at, at, 'Y'
FROM import_products, pg_temp.midnight('2016-01-01') AS at
