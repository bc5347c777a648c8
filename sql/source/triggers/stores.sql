DROP TRIGGER IF EXISTS bikeops_row ON store.stores
;
CREATE TRIGGER bikeops_row AFTER INSERT OR UPDATE OR DELETE ON store.stores
	FOR EACH ROW EXECUTE FUNCTION bikeops_capture.row_written('store_id')
;
ALTER TABLE store.stores ENABLE ALWAYS TRIGGER bikeops_row
;
DROP TRIGGER IF EXISTS bikeops_truncate ON store.stores
;
CREATE TRIGGER bikeops_truncate AFTER TRUNCATE ON store.stores
	FOR EACH STATEMENT EXECUTE FUNCTION bikeops_capture.table_truncated()
;
ALTER TABLE store.stores ENABLE ALWAYS TRIGGER bikeops_truncate
;
ALTER TABLE store.stores ENABLE ALWAYS TRIGGER audit
