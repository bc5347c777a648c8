-- customers: every row in a full run, else the images that the window's journal rows carry.
SELECT 0 AS seq, 'F' AS op,
	(updated_at AT TIME ZONE current_setting('bikeops.timezone'))::date AS day,
	customer_id, first_name, last_name, phone, email, street, city, state, zip_code,
	is_active
FROM store.customers
WHERE current_setting('bikeops.full')::boolean
UNION ALL
SELECT seq, op,
	((img ->> 'updated_at')::timestamptz AT TIME ZONE current_setting('bikeops.timezone'))::date,
	img ->> 'customer_id', img ->> 'first_name', img ->> 'last_name', img ->> 'phone',
	img ->> 'email', img ->> 'street', img ->> 'city', img ->> 'state', img ->> 'zip_code',
	img ->> 'is_active'
FROM bikeops_capture.changes
WHERE tbl = 'customers' AND op <> 'T' AND NOT current_setting('bikeops.full')::boolean
