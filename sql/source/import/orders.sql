-- orders.csv: as it stands, by line; then as the shop keeps it.
CREATE TEMP TABLE import_orders (line bigint, order_id text, customer_id text, order_status
	text, order_date text, required_date text, shipped_date text, store_id text, staff_id text) ON
COMMIT DROP
;
COPY import_orders FROM STDIN
;
-- The file's status: 1 Pending, 2 Processing, 3 Rejected, 4 Completed.
INSERT INTO store.orders
SELECT order_id, customer_id, status, order_date::date, required_date::date, shipped_date::date,
	store_id, staff_id, pg_temp.midnight(coalesce(order_date::date, '2016-01-01')),
	pg_temp.midnight(coalesce(CASE status
		WHEN 3 THEN shipped_date::date
		WHEN 2 THEN required_date::date + 1
		END, order_date::date, '2016-01-01')), 'Y'
FROM (SELECT *, CASE order_status WHEN '1' THEN 1 WHEN '2' THEN 1 WHEN '3' THEN 2
		WHEN '4' THEN 3 END AS status
	FROM import_orders) AS o
