-- brands.csv: as it stands, by line; then as the shop keeps it.
CREATE TEMP TABLE import_brands (line bigint, brand_id text, brand_name text) ON COMMIT DROP
;
COPY import_brands FROM STDIN
;
INSERT INTO store.brands SELECT brand_id::int, brand_name FROM import_brands
