-- The journal and all beside it; what its roles may do in the shop.  The roles stay: the warehouse
-- of the same server has them too.
DROP SCHEMA IF EXISTS bikeops_capture CASCADE
;
REVOKE ALL ON store.stores, store.staffs, store.brands, store.categories, store.products,
	store.customers, store.orders, store.order_items FROM bikeops_owner, bikeops_run, bikeops_read
;
REVOKE ALL ON SCHEMA store FROM bikeops_owner, bikeops_run, bikeops_read
