-- The columns that say when a row took its present form and whether it is still there, and what
-- keeps them.  A deleted row stays, inactive: such a DELETE answers 0, RETURNING fails, cascades
-- stop.
ALTER TABLE store.products
	ADD COLUMN IF NOT EXISTS created_at timestamptz NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS updated_at timestamptz NOT NULL DEFAULT now(),
	ADD COLUMN IF NOT EXISTS is_active varchar(1) NOT NULL DEFAULT 'Y' CHECK (is_active IN ('Y', 'N'))
;
DROP TRIGGER IF EXISTS audit ON store.products
;
CREATE TRIGGER audit BEFORE UPDATE ON store.products FOR EACH ROW EXECUTE FUNCTION store.audit()
;
-- ALWAYS: a session that replays changes (session_replication_role) moves days as well.
ALTER TABLE store.products ENABLE ALWAYS TRIGGER audit
;
CREATE OR REPLACE RULE soft_delete AS ON DELETE TO store.products DO INSTEAD
	UPDATE store.products SET is_active = 'N'
	WHERE product_id = OLD.product_id AND is_active = 'Y'
