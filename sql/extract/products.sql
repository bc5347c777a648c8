-- products: every row in a full run, else the images that the window's journal rows carry.
SELECT 0 AS seq, 'F' AS op,
	(updated_at AT TIME ZONE current_setting('bikeops.timezone'))::date AS day,
	product_id, product_name, brand_name, category_name, model_year, list_price, is_active
FROM store.products
	LEFT JOIN store.brands USING (brand_id)
	LEFT JOIN store.categories USING (category_id)
WHERE current_setting('bikeops.full')::boolean
UNION ALL
SELECT seq, op,
	((img ->> 'updated_at')::timestamptz AT TIME ZONE current_setting('bikeops.timezone'))::date,
	img ->> 'product_id', img ->> 'product_name', img ->> 'brand_name',
	img ->> 'category_name', (img ->> 'model_year')::int,
	(img ->> 'list_price')::numeric(10, 2), img ->> 'is_active'
FROM bikeops_capture.changes
WHERE tbl = 'products' AND op <> 'T' AND NOT current_setting('bikeops.full')::boolean
