-- What the triggers do, by their owner's rights and a pinned search_path: a writer needs nothing
-- but its rights on the shop.  OLD of an INSERT and NEW of a DELETE are all NULL.
SET LOCAL ROLE bikeops_owner
;
CREATE FUNCTION bikeops_capture.product_names(brand int, category int) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT jsonb_build_object(
		'brand_name', (SELECT brand_name FROM store.brands WHERE brand_id = brand),
		'category_name', (SELECT category_name FROM store.categories WHERE category_id = category))
$$
;
-- A brand or category that a product takes up is locked against a rename, which could not see
-- the product yet.  Never more than that: a rename locks its products after itself, and a
-- writer who comes the other way round would meet it in a deadlock.
CREATE FUNCTION bikeops_capture.lock_names(brand int, category int) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	SELECT FROM store.brands WHERE brand_id = brand FOR SHARE;
	SELECT FROM store.categories WHERE category_id = category FOR SHARE;
$$
;
-- customers, staffs, products, stores; the argument names the key.
CREATE FUNCTION bikeops_capture.row_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	was jsonb := to_jsonb(OLD);
	img jsonb := to_jsonb(NEW);
	old_key text := was ->> TG_ARGV[0];
	key text := img ->> TG_ARGV[0];
	appears boolean := coalesce(OLD.is_active, 'N') = 'N';
BEGIN
	IF NEW IS NOT DISTINCT FROM OLD
		OR TG_OP <> 'INSERT' AND appears AND coalesce(NEW.is_active, 'N') = 'N' THEN
		RETURN NULL;
	END IF;
	IF TG_TABLE_NAME = 'products' THEN
		PERFORM bikeops_capture.lock_names(
			CASE WHEN appears OR NEW.brand_id <> OLD.brand_id
				OR OLD.brand_id IS NULL THEN NEW.brand_id END,
			CASE WHEN appears OR NEW.category_id <> OLD.category_id
				OR OLD.category_id IS NULL THEN NEW.category_id END);
		was := was || bikeops_capture.product_names(OLD.brand_id, OLD.category_id);
		img := img || bikeops_capture.product_names(NEW.brand_id, NEW.category_id);
	END IF;
	IF old_key IS DISTINCT FROM key AND NOT appears THEN
		INSERT INTO bikeops_capture.journal (tbl, op, key, agg, img)
		VALUES (TG_TABLE_NAME, 'D', old_key, old_key, was || jsonb_build_object('is_active', 'N',
			'updated_at', coalesce(NEW.updated_at,
				greatest(now(), OLD.updated_at + interval '1 microsecond'))));
	END IF;
	IF key IS NOT NULL THEN
		INSERT INTO bikeops_capture.journal (tbl, op, key, agg, img)
		VALUES (TG_TABLE_NAME, CASE WHEN key = old_key THEN 'U' ELSE 'I' END, key, key, img);
	END IF;
	RETURN NULL;
END $$
;
-- orders and order_items: a changed order is read again whole, so its id is enough.
CREATE FUNCTION bikeops_capture.order_written() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NEW IS NOT DISTINCT FROM OLD THEN
		RETURN NULL;
	ELSIF TG_TABLE_NAME = 'orders' THEN
		IF OLD.is_active = 'N' AND coalesce(NEW.is_active, 'N') = 'N' THEN
			RETURN NULL;
		END IF;
	END IF;
	IF OLD.order_id IS NOT NULL AND OLD.order_id IS DISTINCT FROM NEW.order_id THEN
		INSERT INTO bikeops_capture.journal (tbl, op, key, agg)
		VALUES (TG_TABLE_NAME, 'D', OLD.order_id, OLD.order_id);
	END IF;
	IF NEW.order_id IS NOT NULL THEN
		INSERT INTO bikeops_capture.journal (tbl, op, key, agg)
		VALUES (TG_TABLE_NAME, CASE WHEN NEW.order_id = OLD.order_id THEN 'U' ELSE 'I' END,
			NEW.order_id, NEW.order_id);
	END IF;
	RETURN NULL;
END $$
;
CREATE FUNCTION bikeops_capture.table_truncated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	INSERT INTO bikeops_capture.journal (tbl, op, key, agg) VALUES (TG_TABLE_NAME, 'T', '', '');
	RETURN NULL;
END $$
;
-- A product's image carries the names of its brand and category: a renamed one touches its
-- products, which the audit trigger and row_written() then take for changed.
CREATE FUNCTION bikeops_capture.brand_renamed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	UPDATE store.products SET updated_at = updated_at + interval '1 microsecond'
	WHERE brand_id = NEW.brand_id AND is_active = 'Y';
	RETURN NULL;
END $$
;
CREATE FUNCTION bikeops_capture.category_renamed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	UPDATE store.products SET updated_at = updated_at + interval '1 microsecond'
	WHERE category_id = NEW.category_id AND is_active = 'Y';
	RETURN NULL;
END $$
;
RESET ROLE
