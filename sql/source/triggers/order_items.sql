DROP TRIGGER IF EXISTS bikeops_row ON store.order_items
;
CREATE TRIGGER bikeops_row AFTER INSERT OR UPDATE OR DELETE ON store.order_items
	FOR EACH ROW EXECUTE FUNCTION bikeops_capture.order_written()
;
ALTER TABLE store.order_items ENABLE ALWAYS TRIGGER bikeops_row
;
DROP TRIGGER IF EXISTS bikeops_truncate ON store.order_items
;
CREATE TRIGGER bikeops_truncate AFTER TRUNCATE ON store.order_items
	FOR EACH STATEMENT EXECUTE FUNCTION bikeops_capture.table_truncated()
;
ALTER TABLE store.order_items ENABLE ALWAYS TRIGGER bikeops_truncate
