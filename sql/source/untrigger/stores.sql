DROP TRIGGER IF EXISTS bikeops_row ON store.stores
;
DROP TRIGGER IF EXISTS bikeops_truncate ON store.stores
