-- orders: the lines of every active order in a full run, else of those that the window made dirty.
SELECT order_id, item_id, customer_id, store_id, staff_id, product_id,
	order_date, required_date, shipped_date, order_status_id, quantity, list_price, discount,
	(updated_at AT TIME ZONE current_setting('bikeops.timezone'))::date AS day
FROM store.orders JOIN store.order_items USING (order_id)
WHERE is_active = 'Y' AND current_setting('bikeops.full')::boolean
UNION ALL
SELECT order_id, item_id, customer_id, store_id, staff_id, product_id,
	order_date, required_date, shipped_date, order_status_id, quantity, list_price, discount,
	(updated_at AT TIME ZONE current_setting('bikeops.timezone'))::date
FROM bikeops_capture.dirty_orders
	JOIN store.orders USING (order_id) JOIN store.order_items USING (order_id)
WHERE is_active = 'Y' AND NOT current_setting('bikeops.full')::boolean
