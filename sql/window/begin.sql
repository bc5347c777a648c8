-- The locks come before the snapshot: a TRUNCATE between the two would show empty tables.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY
;
LOCK TABLE store.stores, store.staffs, store.brands, store.categories, store.products,
	store.customers, store.orders, store.order_items, bikeops_capture.journal IN ACCESS SHARE MODE
