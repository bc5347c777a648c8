DROP TRIGGER IF EXISTS bikeops_row ON store.customers
;
DROP TRIGGER IF EXISTS bikeops_truncate ON store.customers
