DROP TRIGGER IF EXISTS bikeops_touch ON store.categories
;
CREATE TRIGGER bikeops_touch AFTER UPDATE ON store.categories
	FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
	EXECUTE FUNCTION bikeops_capture.category_renamed()
;
ALTER TABLE store.categories ENABLE ALWAYS TRIGGER bikeops_touch
