DROP TRIGGER IF EXISTS bikeops_row ON store.staffs
;
CREATE TRIGGER bikeops_row AFTER INSERT OR UPDATE OR DELETE ON store.staffs
	FOR EACH ROW EXECUTE FUNCTION bikeops_capture.row_written('staff_id')
;
ALTER TABLE store.staffs ENABLE ALWAYS TRIGGER bikeops_row
;
DROP TRIGGER IF EXISTS bikeops_truncate ON store.staffs
;
CREATE TRIGGER bikeops_truncate AFTER TRUNCATE ON store.staffs
	FOR EACH STATEMENT EXECUTE FUNCTION bikeops_capture.table_truncated()
;
ALTER TABLE store.staffs ENABLE ALWAYS TRIGGER bikeops_truncate
;
ALTER TABLE store.staffs ENABLE ALWAYS TRIGGER audit
