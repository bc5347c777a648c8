-- The audit columns go, in all tables or none, and only where no row is inactive: such a row would
-- come back as if nobody had deleted it.
DO $$
DECLARE
	tbl regclass;
	inactive bigint;
BEGIN
	FOR tbl IN SELECT tgrelid FROM pg_trigger
		WHERE tgfoid = to_regprocedure('store.audit()') ORDER BY tgrelid
	LOOP
		EXECUTE format('LOCK TABLE %s', tbl);
		EXECUTE format('SELECT count(*) FROM %s WHERE is_active <> ''Y''', tbl) INTO inactive;
		IF inactive > 0 THEN
			RAISE '% inactive rows of % would come back to life', inactive, tbl
				USING DETAIL = 'drop its rule soft_delete and delete them first';
		END IF;
		EXECUTE format('DROP RULE IF EXISTS soft_delete ON %s', tbl);
		EXECUTE format('DROP TRIGGER audit ON %s', tbl);
		EXECUTE format('ALTER TABLE %s DROP COLUMN created_at, DROP COLUMN updated_at, '
			'DROP COLUMN is_active', tbl);
	END LOOP;
END $$
;
DROP FUNCTION IF EXISTS store.audit()
