-- Does the shop hold rows?  A schema without any, as a failed import leaves it, is nothing to lose.
CREATE OR REPLACE FUNCTION pg_temp.shop_filled() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	tbl regclass;
	filled boolean := false;
BEGIN
	FOR tbl IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'store' AND c.relkind = 'r' AND c.relname <> 'order_status'
	LOOP
		EXECUTE format('SELECT %L OR EXISTS (SELECT FROM %s)', filled, tbl) INTO filled;
	END LOOP;
	RETURN filled;
END $$
;
SELECT pg_temp.shop_filled() AS filled
