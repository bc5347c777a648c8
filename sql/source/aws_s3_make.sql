-- RDS's extension, where the login may make it.
DO $$
BEGIN
	CREATE EXTENSION IF NOT EXISTS aws_s3 CASCADE;
EXCEPTION WHEN OTHERS THEN
	RAISE WARNING 'extension aws_s3 cannot be made: %', SQLERRM;
END $$
