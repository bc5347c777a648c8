ANALYZE store.stores, store.staffs, store.categories, store.brands, store.products, store.customers,
	store.order_status, store.orders, store.order_items, store.stocks
