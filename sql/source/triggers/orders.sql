DROP TRIGGER IF EXISTS bikeops_row ON store.orders
;
CREATE TRIGGER bikeops_row AFTER INSERT OR UPDATE OR DELETE ON store.orders
	FOR EACH ROW EXECUTE FUNCTION bikeops_capture.order_written()
;
ALTER TABLE store.orders ENABLE ALWAYS TRIGGER bikeops_row
;
DROP TRIGGER IF EXISTS bikeops_truncate ON store.orders
;
CREATE TRIGGER bikeops_truncate AFTER TRUNCATE ON store.orders
	FOR EACH STATEMENT EXECUTE FUNCTION bikeops_capture.table_truncated()
;
ALTER TABLE store.orders ENABLE ALWAYS TRIGGER bikeops_truncate
;
ALTER TABLE store.orders ENABLE ALWAYS TRIGGER audit
