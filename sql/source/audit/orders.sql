-- The columns that say when a row took its present form and whether it is still there, and what
-- keeps them.  A deleted row stays, inactive: such a DELETE answers 0, RETURNING fails, cascades
-- stop.
ALTER TABLE store.orders
	ADD COLUMN IF NOT EXISTS created_at timestamptz NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS updated_at timestamptz NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS is_active varchar(1) NOT NULL DEFAULT 'Y' CHECK (is_active IN ('Y', 'N'))
;
DROP TRIGGER IF EXISTS audit ON store.orders
;
CREATE TRIGGER audit BEFORE UPDATE ON store.orders FOR EACH ROW EXECUTE FUNCTION store.audit()
;
-- ALWAYS: a session that replays changes (session_replication_role) moves days as well.
ALTER TABLE store.orders ENABLE ALWAYS TRIGGER audit
;
CREATE OR REPLACE RULE soft_delete AS ON DELETE TO store.orders DO INSTEAD
	UPDATE store.orders SET is_active = 'N'
	WHERE order_id = OLD.order_id AND is_active = 'Y'
