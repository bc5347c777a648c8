-- The fact: the lines of the orders that were read again replace those that were there.
-- staging = stg_sales
-- tbl = sales
-- row = sales_id
-- key = product_key customer_key store_key staff_key
-- measure = order_date required_date shipped_date rejected_date order_status_id quantity
-- measure = discount_percent discount_amount total_price total_price_with_discount
CREATE TEMP TABLE line_after AS
SELECT s.order_id, s.item_id, p.product_key, c.customer_key, o.store_key, e.staff_key,
	s.{measure},
	CASE WHEN (s.product_id IS NOT NULL AND p.product_key IS NULL)
		OR (s.customer_id IS NOT NULL AND c.customer_key IS NULL)
		OR (s.store_id IS NOT NULL AND o.store_key IS NULL)
		OR (s.staff_id IS NOT NULL AND e.staff_key IS NULL) THEN 'Y' ELSE 'N' END AS astray
FROM staging.stg_sales s
LEFT JOIN member_products p ON p.product_id = s.product_id
	AND coalesce(s.order_date, '00000000') BETWEEN p.lo AND p.hi
LEFT JOIN member_customers c ON c.customer_id = s.customer_id
	AND coalesce(s.order_date, '00000000') BETWEEN c.lo AND c.hi
LEFT JOIN member_stores o ON o.store_id = s.store_id
	AND coalesce(s.order_date, '00000000') BETWEEN o.lo AND o.hi
LEFT JOIN member_staffs e ON e.staff_id = s.staff_id
	AND coalesce(s.order_date, '00000000') BETWEEN e.lo AND e.hi
;
SELECT 'fact_sales' AS tbl, count(*) || ' lines have a key without a dimension row' AS rule
FROM line_after WHERE astray = 'Y' HAVING count(*) > 0
;
SELECT 'fact_sales' AS tbl, count(*) || ' order lines are staged twice' AS rule
FROM (SELECT order_id, item_id FROM line_after GROUP BY order_id, item_id HAVING count(*) > 1) x
HAVING count(*) > 0
;
CREATE TEMP TABLE line_before AS
SELECT * FROM serving.fact_sales WHERE order_id IN (SELECT order_id FROM staging.stg_orders)
;
CREATE TEMP TABLE line_change AS
SELECT CASE WHEN b.sales_id IS NULL THEN 'insert' WHEN a.order_id IS NULL THEN 'delete'
		ELSE 'update' END AS what,
	coalesce(b.sales_id, n.last_key + row_number() OVER (
		PARTITION BY CASE WHEN b.sales_id IS NULL THEN 1 ELSE 0 END
		ORDER BY a.order_id, a.item_id)) AS sales_id,
	a.{key},
	a.{measure},
	a.order_id, a.item_id
FROM line_after a
FULL JOIN line_before b ON b.order_id = a.order_id AND b.item_id = a.item_id
CROSS JOIN (SELECT last_key FROM bikeops.keys WHERE tbl = 'sales') n
WHERE b.sales_id IS NULL OR a.order_id IS NULL
	OR coalesce(nullif(a.{key}, b.{key}), nullif(b.{key}, a.{key})) IS NOT NULL
	OR coalesce(nullif(a.{measure}, b.{measure}), nullif(b.{measure}, a.{measure})) IS NOT NULL
;
INSERT INTO bikeops.kept_fact_sales
SELECT k.k, b.*
FROM line_before b
JOIN line_change c ON c.sales_id = b.sales_id AND c.what <> 'insert'
LEFT JOIN repointed r ON r.sales_id = b.sales_id
CROSS JOIN staging.batch k
WHERE r.sales_id IS NULL
;
DELETE FROM serving.fact_sales USING line_change
WHERE fact_sales.sales_id = line_change.sales_id AND line_change.what = 'delete'
;
UPDATE serving.fact_sales
SET
	{key} = c.{key},
	{measure} = c.{measure},
	sales_id = c.sales_id
FROM line_change c WHERE fact_sales.sales_id = c.sales_id AND c.what = 'update'
;
INSERT INTO serving.fact_sales (sales_id,
	{key},
	{measure},
	order_id, item_id)
SELECT sales_id,
	{key},
	{measure},
	order_id, item_id
FROM line_change WHERE what = 'insert'
;
UPDATE bikeops.keys
SET last_key = last_key + (SELECT count(*) FROM line_change WHERE what = 'insert')
WHERE tbl = 'sales'
;
INSERT INTO bikeops.books (k, tbl, what, n)
SELECT b.k, 'sales', w.what, CASE w.what WHEN 'inserted' THEN o.inserted
	WHEN 'updated' THEN o.updated WHEN 'removed' THEN o.removed
	ELSE (SELECT count(*) FROM line_after) - o.inserted - o.updated END
FROM staging.batch b
CROSS JOIN (
	SELECT 'inserted' AS what UNION ALL SELECT 'updated' UNION ALL SELECT 'removed'
	UNION ALL SELECT 'unchanged'
) w
CROSS JOIN (
	SELECT count(CASE WHEN what = 'insert' THEN 1 END) AS inserted,
		count(CASE WHEN what = 'update' THEN 1 END) AS updated,
		count(CASE WHEN what = 'delete' THEN 1 END) AS removed
	FROM line_change
) o
;
-- The whole fact is counted by a full run only; else from the last count and the orders read.
INSERT INTO bikeops.books (k, tbl, what, n)
SELECT b.k, 'sales', 'before', CASE WHEN b.is_full THEN (SELECT count(*) FROM line_before)
	ELSE coalesce((SELECT n FROM bikeops.books WHERE tbl = 'sales' AND what = 'after'
		ORDER BY k DESC LIMIT 1), 0) END
FROM staging.batch b
;
INSERT INTO bikeops.books (k, tbl, what, n)
SELECT b.k, 'sales', 'after', w.n - (SELECT count(*) FROM line_before)
	+ (SELECT count(*) FROM serving.fact_sales
		WHERE order_id IN (SELECT order_id FROM staging.stg_orders))
FROM staging.batch b JOIN bikeops.books w ON w.k = b.k AND w.tbl = 'sales' AND w.what = 'before'
UNION ALL
SELECT b.k, 'sales', 'inferred',
	(SELECT count(*) FROM member_products WHERE inferred = 'Y')
	+ (SELECT count(*) FROM member_customers WHERE inferred = 'Y')
	+ (SELECT count(*) FROM member_stores WHERE inferred = 'Y')
	+ (SELECT count(*) FROM member_staffs WHERE inferred = 'Y')
FROM staging.batch b
UNION ALL
SELECT b.k, 'sales', 'keyless', (SELECT count(*) FROM line_after WHERE product_key IS NULL
	OR customer_key IS NULL OR store_key IS NULL OR staff_key IS NULL)
FROM staging.batch b
