-- bikeops_run loads and publishes, bikeops_read reads.  Roles are of the whole cluster: the source
-- may have made them.
DO $$
DECLARE
	role text;
	staged regclass;
BEGIN
	FOREACH role IN ARRAY ARRAY['bikeops_owner', 'bikeops_run', 'bikeops_read'] LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
			EXECUTE format('CREATE ROLE %I NOLOGIN', role);
		END IF;
		EXECUTE format('GRANT %I TO CURRENT_USER', role);
	END LOOP;
	-- ANALYZE takes the owner.
	ALTER SCHEMA staging OWNER TO bikeops_run;
	FOR staged IN SELECT oid FROM pg_class
		WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r' LOOP
		EXECUTE format('ALTER TABLE %s OWNER TO bikeops_run', staged);
	END LOOP;
	EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO bikeops_run', current_database());
END $$
;
GRANT USAGE ON SCHEMA staging, serving, bikeops TO bikeops_run, bikeops_read
;
GRANT SELECT ON ALL TABLES IN SCHEMA staging, serving, bikeops TO bikeops_run, bikeops_read
;
GRANT INSERT, UPDATE, DELETE ON serving.dim_customers, serving.dim_products, serving.dim_staffs,
	serving.dim_stores, serving.fact_sales TO bikeops_run
;
GRANT INSERT ON serving.dim_date, bikeops.batches, bikeops.books TO bikeops_run
;
GRANT UPDATE ON bikeops.watermark, bikeops.keys TO bikeops_run
