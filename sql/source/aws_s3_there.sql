-- Why the session's role cannot export by RDS itself, or NULL.
SELECT CASE WHEN may IS NULL THEN 'extension aws_s3 is not installed'
	WHEN NOT may THEN format('role %s may not call aws_s3.query_export_to_s3', current_user) END AS why
FROM (SELECT bool_or(has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE'))
		AS may
	FROM pg_namespace n JOIN pg_proc p ON p.pronamespace = n.oid
	WHERE n.nspname = 'aws_s3' AND p.proname = 'query_export_to_s3'
		AND p.proargtypes[1] = 'text'::regtype) AS f
