DROP TRIGGER IF EXISTS bikeops_row ON store.staffs
;
DROP TRIGGER IF EXISTS bikeops_truncate ON store.staffs
