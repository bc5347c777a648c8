-- stocks.csv: as it stands, by line; then as the shop keeps it.
CREATE TEMP TABLE import_stocks (line bigint, store_id text, product_id text, quantity text) ON
COMMIT DROP
;
COPY import_stocks FROM STDIN
;
INSERT INTO store.stocks SELECT store_id, product_id, quantity::int FROM import_stocks
