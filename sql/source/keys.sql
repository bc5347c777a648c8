-- The foreign keys, apart from the tables: an import adds them after its rows,
-- which checks each table once instead of each row.
ALTER TABLE store.staffs
	ADD FOREIGN KEY (store_id) REFERENCES store.stores,
	ADD FOREIGN KEY (manager_id) REFERENCES store.staffs
;
ALTER TABLE store.products
	ADD FOREIGN KEY (brand_id) REFERENCES store.brands,
	ADD FOREIGN KEY (category_id) REFERENCES store.categories
;
ALTER TABLE store.orders
	ADD FOREIGN KEY (customer_id) REFERENCES store.customers,
	ADD FOREIGN KEY (order_status_id) REFERENCES store.order_status,
	ADD FOREIGN KEY (store_id) REFERENCES store.stores,
	ADD FOREIGN KEY (staff_id) REFERENCES store.staffs
;
ALTER TABLE store.order_items
	ADD FOREIGN KEY (order_id) REFERENCES store.orders,
	ADD FOREIGN KEY (product_id) REFERENCES store.products
;
ALTER TABLE store.stocks
	ADD FOREIGN KEY (store_id) REFERENCES store.stores,
	ADD FOREIGN KEY (product_id) REFERENCES store.products
