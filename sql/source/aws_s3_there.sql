-- Why role $1 (NULL: the session's) cannot call function $2 of aws_s3, or NULL.
SELECT CASE WHEN may IS NULL THEN 'extension aws_s3 is not installed'
	WHEN NOT may THEN format('%s may not call aws_s3.%s', role, $2::text) END AS why
FROM (SELECT coalesce($1::text, current_user) AS role) AS w,
	LATERAL (SELECT bool_or(coalesce(has_schema_privilege(r.oid, n.oid, 'USAGE')
			AND has_function_privilege(r.oid, p.oid, 'EXECUTE'), false)) AS may
		FROM pg_namespace n JOIN pg_proc p ON p.pronamespace = n.oid
			LEFT JOIN pg_roles r ON r.rolname = role
		WHERE n.nspname = 'aws_s3' AND p.proname = $2
			AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) AS t(arg)
				WHERE arg <> 'text'::regtype)) AS f
