-- The shop now.  Money as the pipeline makes it: rounded a line at a time.  dates: the calendar's
-- days from the first year to the last; the warehouse's only grows, so it may have more.
WITH lines AS (
	SELECT o.order_date, o.required_date, o.shipped_date,
		CASE o.order_status_id WHEN 2 THEN (o.updated_at AT TIME ZONE zone)::date END
			AS rejected_date,
		i.quantity, round(i.list_price * i.quantity, 2) AS total, i.discount
	FROM store.orders o JOIN store.order_items i USING (order_id),
		(SELECT coalesce((SELECT business_timezone FROM bikeops_capture.consumers
			ORDER BY at DESC LIMIT 1), 'UTC') AS zone) AS z
	WHERE o.is_active = 'Y'
), years AS (
	SELECT extract(year FROM min(day))::int AS first, extract(year FROM max(day))::int AS last
	FROM lines,
		LATERAL (VALUES (order_date), (required_date), (shipped_date), (rejected_date)) AS d(day)
	WHERE day BETWEEN '1900-01-01' AND '2199-12-31'
)
SELECT 'stores' AS entity, count(*) AS rows, NULL::numeric AS revenue, NULL::bigint AS units
FROM store.stores WHERE is_active = 'Y'
UNION ALL
SELECT 'customers', count(*), NULL, NULL FROM store.customers WHERE is_active = 'Y'
UNION ALL
SELECT 'products', count(*), NULL, NULL FROM store.products WHERE is_active = 'Y'
UNION ALL
SELECT 'staffs', count(*), NULL, NULL FROM store.staffs WHERE is_active = 'Y'
UNION ALL
SELECT 'order_lines', count(*), coalesce(sum(total - round(total * discount, 2)), 0),
	coalesce(sum(quantity), 0) FROM lines
UNION ALL
SELECT 'dates', coalesce(make_date(last, 12, 31) - make_date(first, 1, 1) + 1, 0), NULL, NULL
FROM years
