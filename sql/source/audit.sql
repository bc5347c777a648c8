-- updated_at says on which business day a row took its present form.  An unchanged row and an
-- edit of a row that stays inactive are no change; time never runs backwards within a row,
-- whatever the clock or the order of commits.
CREATE FUNCTION store.audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.is_active = 'N' AND OLD.is_active = 'N' THEN
		NEW.updated_at := OLD.updated_at;
	ELSIF NEW IS DISTINCT FROM OLD THEN
		NEW.updated_at := greatest(now(), OLD.updated_at + interval '1 microsecond');
	END IF;
	RETURN NEW;
END $$
;
CREATE TRIGGER audit BEFORE UPDATE ON store.customers FOR EACH ROW EXECUTE FUNCTION store.audit()
;
CREATE TRIGGER audit BEFORE UPDATE ON store.staffs FOR EACH ROW EXECUTE FUNCTION store.audit()
;
CREATE TRIGGER audit BEFORE UPDATE ON store.products FOR EACH ROW EXECUTE FUNCTION store.audit()
;
CREATE TRIGGER audit BEFORE UPDATE ON store.stores FOR EACH ROW EXECUTE FUNCTION store.audit()
;
CREATE TRIGGER audit BEFORE UPDATE ON store.orders FOR EACH ROW EXECUTE FUNCTION store.audit()
;
-- ALWAYS: a session that replays changes (session_replication_role) moves days as well.
ALTER TABLE store.customers ENABLE ALWAYS TRIGGER audit
;
ALTER TABLE store.staffs ENABLE ALWAYS TRIGGER audit
;
ALTER TABLE store.products ENABLE ALWAYS TRIGGER audit
;
ALTER TABLE store.stores ENABLE ALWAYS TRIGGER audit
;
ALTER TABLE store.orders ENABLE ALWAYS TRIGGER audit
;
-- A deleted row stays, inactive.  Such a DELETE answers 0, RETURNING fails, cascades stop.
CREATE RULE soft_delete AS ON DELETE TO store.customers DO INSTEAD
	UPDATE store.customers SET is_active = 'N'
	WHERE customer_id = OLD.customer_id AND is_active = 'Y'
;
CREATE RULE soft_delete AS ON DELETE TO store.staffs DO INSTEAD
	UPDATE store.staffs SET is_active = 'N'
	WHERE staff_id = OLD.staff_id AND is_active = 'Y'
;
CREATE RULE soft_delete AS ON DELETE TO store.products DO INSTEAD
	UPDATE store.products SET is_active = 'N'
	WHERE product_id = OLD.product_id AND is_active = 'Y'
;
CREATE RULE soft_delete AS ON DELETE TO store.stores DO INSTEAD
	UPDATE store.stores SET is_active = 'N'
	WHERE store_id = OLD.store_id AND is_active = 'Y'
;
CREATE RULE soft_delete AS ON DELETE TO store.orders DO INSTEAD
	UPDATE store.orders SET is_active = 'N'
	WHERE order_id = OLD.order_id AND is_active = 'Y'
