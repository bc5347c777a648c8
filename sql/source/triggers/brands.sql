DROP TRIGGER IF EXISTS bikeops_touch ON store.brands
;
CREATE TRIGGER bikeops_touch AFTER UPDATE ON store.brands
	FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
	EXECUTE FUNCTION bikeops_capture.brand_renamed()
;
ALTER TABLE store.brands ENABLE ALWAYS TRIGGER bikeops_touch
