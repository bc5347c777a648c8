DROP TRIGGER IF EXISTS bikeops_row ON store.products
;
CREATE TRIGGER bikeops_row AFTER INSERT OR UPDATE OR DELETE ON store.products
	FOR EACH ROW EXECUTE FUNCTION bikeops_capture.row_written('product_id')
;
ALTER TABLE store.products ENABLE ALWAYS TRIGGER bikeops_row
;
DROP TRIGGER IF EXISTS bikeops_truncate ON store.products
;
CREATE TRIGGER bikeops_truncate AFTER TRUNCATE ON store.products
	FOR EACH STATEMENT EXECUTE FUNCTION bikeops_capture.table_truncated()
;
ALTER TABLE store.products ENABLE ALWAYS TRIGGER bikeops_truncate
;
ALTER TABLE store.products ENABLE ALWAYS TRIGGER audit
