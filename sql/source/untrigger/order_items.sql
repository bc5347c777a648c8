DROP TRIGGER IF EXISTS bikeops_row ON store.order_items
;
DROP TRIGGER IF EXISTS bikeops_truncate ON store.order_items
