-- customers.csv: as it stands, by line; then as the shop keeps it.
CREATE TEMP TABLE import_customers (line bigint, customer_id text, first_name text, last_name
	text, phone text, email text, street text, city text, state text, zip_code text) ON COMMIT DROP
;
COPY import_customers FROM STDIN
;
-- A customer begins with the first order; one without any, with the shop.
INSERT INTO store.customers
SELECT customer_id, first_name, last_name, phone, email, street, city, state, zip_code,
	at, at, 'Y'
FROM import_customers
	LEFT JOIN (SELECT customer_id, min(order_date::date) AS day
		FROM import_orders GROUP BY customer_id) AS first USING (customer_id),
	pg_temp.midnight(coalesce(day, '2016-01-01')) AS at
