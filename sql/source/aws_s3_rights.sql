-- The right to export by RDS's extension.  Who may not give it is told by the server's warning and
-- by 'doctor'.
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_namespace WHERE nspname = 'aws_s3') THEN
		GRANT USAGE ON SCHEMA aws_s3 TO bikeops_run;
		GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_s3 TO bikeops_run;
	END IF;
EXCEPTION WHEN insufficient_privilege THEN
	RAISE WARNING 'bikeops_run cannot be let use aws_s3: %', SQLERRM;
END $$
