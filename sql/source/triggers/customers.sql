DROP TRIGGER IF EXISTS bikeops_row ON store.customers
;
CREATE TRIGGER bikeops_row AFTER INSERT OR UPDATE OR DELETE ON store.customers
	FOR EACH ROW EXECUTE FUNCTION bikeops_capture.row_written('customer_id')
;
ALTER TABLE store.customers ENABLE ALWAYS TRIGGER bikeops_row
;
DROP TRIGGER IF EXISTS bikeops_truncate ON store.customers
;
CREATE TRIGGER bikeops_truncate AFTER TRUNCATE ON store.customers
	FOR EACH STATEMENT EXECUTE FUNCTION bikeops_capture.table_truncated()
;
ALTER TABLE store.customers ENABLE ALWAYS TRIGGER bikeops_truncate
;
ALTER TABLE store.customers ENABLE ALWAYS TRIGGER audit
