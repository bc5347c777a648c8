DROP TRIGGER IF EXISTS bikeops_row ON store.orders
;
DROP TRIGGER IF EXISTS bikeops_truncate ON store.orders
