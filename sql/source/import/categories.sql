-- categories.csv: as it stands, by line; then as the shop keeps it.
CREATE TEMP TABLE import_categories (line bigint, category_id text, category_name text) ON
COMMIT DROP
;
COPY import_categories FROM STDIN
;
INSERT INTO store.categories SELECT category_id::int, category_name FROM import_categories
