DROP TRIGGER IF EXISTS bikeops_row ON store.products
;
DROP TRIGGER IF EXISTS bikeops_truncate ON store.products
