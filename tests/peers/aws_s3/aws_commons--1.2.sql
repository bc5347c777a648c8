CREATE TYPE aws_commons._s3_uri_1 AS (bucket text, file_path text, region text);
CREATE TYPE aws_commons._aws_credentials_1 AS (access_key text, secret_key text, session_token text);

CREATE FUNCTION aws_commons.create_s3_uri(bucket text, file_path text, region text)
RETURNS aws_commons._s3_uri_1 LANGUAGE sql IMMUTABLE AS 'SELECT ROW(bucket, file_path, region)::aws_commons._s3_uri_1';

CREATE FUNCTION aws_commons.create_aws_credentials(access_key text, secret_key text, session_token text)
RETURNS aws_commons._aws_credentials_1 LANGUAGE sql IMMUTABLE
AS 'SELECT ROW(access_key, secret_key, session_token)::aws_commons._aws_credentials_1';

-- Grants on this schema are the administrator's to give; the types need none to be named in them.
GRANT USAGE ON SCHEMA aws_commons TO rds_superuser WITH GRANT OPTION;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_commons FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA aws_commons TO rds_superuser WITH GRANT OPTION;
