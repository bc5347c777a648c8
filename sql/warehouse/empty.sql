-- A table of some size is truncated, a small one is emptied sooner by DELETE.  Whoever publishes
-- from staging holds a lock on batch: wait for its end.
DO $$
DECLARE
	staged regclass;
BEGIN
	LOCK TABLE staging.batch IN ACCESS EXCLUSIVE MODE;
	FOR staged IN SELECT oid FROM pg_class
		WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r' LOOP
		IF pg_relation_size(staged) > 1048576 THEN
			EXECUTE format('TRUNCATE %s', staged);
		ELSE
			EXECUTE format('DELETE FROM %s', staged);
		END IF;
	END LOOP;
END $$
