-- stg_sales: the lines of the orders that changed, with their measures.
-- typed: each value as staging holds it (*_v), NULL where it does not fit; a value that did not
-- come through breaks a rule.  A negative quantity or discount is a return or a surcharge.
-- (order_id, item_id) is the source's primary key and one snapshot holds it once, so that no line
-- supersedes another; publish asserts it.
WITH typed AS (
	SELECT
		*,
		CASE WHEN cast(try_cast(item_id AS int) AS string) = item_id
			THEN try_cast(item_id AS int) END AS item_id_v,
		CASE WHEN cast(try_cast(order_status_id AS int) AS string) = order_status_id
			THEN try_cast(order_status_id AS int) END AS order_status_id_v,
		CASE WHEN cast(try_cast(quantity AS int) AS string) = quantity
			AND try_cast(quantity AS int) BETWEEN -9999999 AND 9999999
			THEN try_cast(quantity AS int) END AS quantity_v,
		CASE WHEN cast(try_cast(list_price AS decimal(10,2)) AS string) = list_price
			THEN try_cast(list_price AS decimal(10,2)) END AS list_price_v,
		CASE WHEN cast(try_cast(discount AS decimal(3,2)) AS string) = discount
			THEN try_cast(discount AS decimal(3,2)) END AS discount_v,
		CASE WHEN cast(try_cast(order_date AS date) AS string) = order_date
			AND try_cast(order_date AS date) BETWEEN date '1900-01-01' AND date '2199-12-31'
			THEN replace(order_date, '-', '') END AS order_date_v,
		CASE WHEN cast(try_cast(required_date AS date) AS string) = required_date
			AND try_cast(required_date AS date) BETWEEN date '1900-01-01' AND date '2199-12-31'
			THEN replace(required_date, '-', '') END AS required_date_v,
		CASE WHEN cast(try_cast(shipped_date AS date) AS string) = shipped_date
			AND try_cast(shipped_date AS date) BETWEEN date '1900-01-01' AND date '2199-12-31'
			THEN replace(shipped_date, '-', '') END AS shipped_date_v,
		CASE WHEN cast(try_cast(day AS date) AS string) = day
			AND try_cast(day AS date) BETWEEN date '1900-01-01' AND date '2199-12-31'
			THEN replace(day, '-', '') END AS day_v
	FROM raw_orders
),
-- The precisions of each product sum to 18 digits at most: DuckDB then stays in 64 bits.
priced AS (
	SELECT
		*,
		try_cast(list_price_v * cast(quantity_v AS decimal(7,0)) AS decimal(15,2)) AS total
	FROM typed
),
discounted AS (
	SELECT *, try_cast(total * discount_v AS decimal(15,2)) AS off FROM priced
),
measured AS (
	SELECT *, try_cast(total - off AS decimal(15,2)) AS net FROM discounted
),
ruled AS (
	SELECT
		*,
		CASE
			WHEN order_id IS NULL THEN 'order_id: missing'
			WHEN bit_length(order_id) > 8 * 15 THEN 'order_id: longer than 15 bytes'
			WHEN item_id_v IS NULL THEN 'item_id: not an integer'
			WHEN bit_length(customer_id) > 8 * 15 THEN 'customer_id: longer than 15 bytes'
			WHEN bit_length(store_id) > 8 * 15 THEN 'store_id: longer than 15 bytes'
			WHEN bit_length(staff_id) > 8 * 15 THEN 'staff_id: longer than 15 bytes'
			WHEN bit_length(product_id) > 8 * 15 THEN 'product_id: longer than 15 bytes'
			WHEN order_date_v IS NULL THEN 'order_date: not a day from 1900 to 2199'
			WHEN required_date_v IS NULL AND required_date IS NOT NULL
				THEN 'required_date: not a day from 1900 to 2199'
			WHEN shipped_date_v IS NULL AND shipped_date IS NOT NULL
				THEN 'shipped_date: not a day from 1900 to 2199'
			WHEN day_v IS NULL THEN 'updated_at: not a day from 1900 to 2199'
			WHEN order_status_id_v IS NULL AND order_status_id IS NOT NULL
				THEN 'order_status_id: not an integer'
			WHEN quantity_v IS NULL THEN 'quantity: not an integer of at most 7 digits'
			WHEN list_price_v IS NULL THEN 'list_price: not a decimal(10,2)'
			WHEN discount_v IS NULL THEN 'discount: not a decimal(3,2)'
			WHEN net IS NULL THEN 'total_price: out of range'
		END AS _rule
	FROM measured
)
SELECT
	cast(order_id AS string) AS order_id,
	cast(item_id_v AS int) AS item_id,
	cast(product_id AS string) AS product_id,
	cast(customer_id AS string) AS customer_id,
	cast(store_id AS string) AS store_id,
	cast(staff_id AS string) AS staff_id,
	cast(order_date_v AS string) AS order_date,
	cast(required_date_v AS string) AS required_date,
	cast(shipped_date_v AS string) AS shipped_date,
	CASE WHEN order_status_id_v = 2 THEN day_v END AS rejected_date,
	cast(order_status_id_v AS int) AS order_status_id,
	cast(quantity_v AS int) AS quantity,
	cast(discount_v * 100 AS int) AS discount_percent,
	cast(off AS decimal(15,2)) AS discount_amount,
	cast(total AS decimal(15,2)) AS total_price,
	cast(net AS decimal(15,2)) AS total_price_with_discount,
	_rule,
	coalesce(order_id, '') || '/' || coalesce(item_id, '') AS _key,
	1 AS _n,
	CASE WHEN _rule IS NOT NULL THEN concat_ws(
		',',
		coalesce('"' || replace(order_id, '"', '""') || '"', ''),
		coalesce('"' || replace(item_id, '"', '""') || '"', ''),
		coalesce('"' || replace(customer_id, '"', '""') || '"', ''),
		coalesce('"' || replace(store_id, '"', '""') || '"', ''),
		coalesce('"' || replace(staff_id, '"', '""') || '"', ''),
		coalesce('"' || replace(product_id, '"', '""') || '"', ''),
		coalesce('"' || replace(order_date, '"', '""') || '"', ''),
		coalesce('"' || replace(required_date, '"', '""') || '"', ''),
		coalesce('"' || replace(shipped_date, '"', '""') || '"', ''),
		coalesce('"' || replace(order_status_id, '"', '""') || '"', ''),
		coalesce('"' || replace(quantity, '"', '""') || '"', ''),
		coalesce('"' || replace(list_price, '"', '""') || '"', ''),
		coalesce('"' || replace(discount, '"', '""') || '"', ''),
		coalesce('"' || replace(day, '"', '""') || '"', '')
	) END AS _raw,
	_object
FROM ruled
