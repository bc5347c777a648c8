-- order_items.csv: as it stands, by line; then as the shop keeps it.
CREATE TEMP TABLE import_order_items (line bigint, order_id text, item_id text, product_id
	text, quantity text, list_price text, discount text) ON COMMIT DROP
;
COPY import_order_items FROM STDIN
;
INSERT INTO store.order_items
SELECT order_id, item_id::int, product_id, quantity::int, list_price::decimal, discount::decimal
FROM import_order_items
