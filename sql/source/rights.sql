-- Rights on the shop for bikeops' own roles; its writers need nothing new.
GRANT USAGE ON SCHEMA store TO bikeops_owner, bikeops_run, bikeops_read
;
GRANT SELECT ON store.stores, store.staffs, store.brands, store.categories, store.products,
	store.customers, store.orders, store.order_items TO bikeops_owner, bikeops_run
;
-- The owner's functions touch the products of a renamed brand or category.  Locking a brand or
-- category FOR SHARE takes the right to update some column of it: one that never changes.
GRANT UPDATE (updated_at) ON store.products TO bikeops_owner
;
GRANT UPDATE (brand_id) ON store.brands TO bikeops_owner
;
GRANT UPDATE (category_id) ON store.categories TO bikeops_owner
;
-- Enough to count.
GRANT SELECT (is_active) ON store.customers, store.staffs, store.products, store.stores
	TO bikeops_read
;
GRANT SELECT (order_id, order_status_id, order_date, required_date, shipped_date, updated_at,
	is_active) ON store.orders TO bikeops_read
;
GRANT SELECT (order_id, quantity, list_price, discount) ON store.order_items TO bikeops_read
