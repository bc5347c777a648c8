-- What serving holds now: open versions, order lines and days.
SELECT 'stores' AS entity, count(*) AS rows, cast(NULL AS numeric(18,2)) AS revenue,
	cast(NULL AS bigint) AS units
FROM serving.dim_stores WHERE active_flag = 'Y'
UNION ALL
SELECT 'customers', count(*), NULL, NULL FROM serving.dim_customers WHERE active_flag = 'Y'
UNION ALL
SELECT 'products', count(*), NULL, NULL FROM serving.dim_products WHERE active_flag = 'Y'
UNION ALL
SELECT 'staffs', count(*), NULL, NULL FROM serving.dim_staffs WHERE active_flag = 'Y'
UNION ALL
SELECT 'order_lines', count(*), coalesce(sum(total_price_with_discount), 0),
	coalesce(sum(quantity), 0)
FROM serving.fact_sales
UNION ALL
SELECT 'dates', count(*), NULL, NULL FROM serving.dim_date
