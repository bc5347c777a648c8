-- Rows that each extract will write.
SELECT entity, CASE WHEN current_setting('bikeops.full')::boolean
	THEN CASE entity
		WHEN 'customers' THEN (SELECT count(*) FROM store.customers)
		WHEN 'orders' THEN (SELECT count(*) FROM store.orders JOIN store.order_items USING (order_id)
			WHERE is_active = 'Y')
		WHEN 'products' THEN (SELECT count(*) FROM store.products)
		WHEN 'staffs' THEN (SELECT count(*) FROM store.staffs)
		WHEN 'stores' THEN (SELECT count(*) FROM store.stores) END
	ELSE CASE entity
		WHEN 'orders' THEN (SELECT count(*) FROM bikeops_capture.dirty_orders
			JOIN store.orders USING (order_id) JOIN store.order_items USING (order_id)
			WHERE is_active = 'Y')
		ELSE (SELECT count(*) FROM bikeops_capture.changes WHERE tbl = entity AND op <> 'T') END
	END AS rows
FROM unnest('{stores,customers,orders,products,staffs}'::text[]) AS entity
