-- What can be said of any server.
SELECT name, value, "limit", state, CASE WHEN state <> 'ok' THEN hint END AS hint
FROM (
	SELECT 'connection' AS name, current_database() || ' as ' || current_user AS value,
		cast(NULL AS varchar(64)) AS "limit", 'ok' AS state, cast(NULL AS varchar(64)) AS hint
	UNION ALL
	SELECT 'server version', substring(version(), position('Redshift' IN version())), 'Redshift',
		CASE WHEN version() LIKE '%Redshift%' THEN 'ok' ELSE 'fail' END,
		'set warehouse = postgres'
	UNION ALL
	SELECT 'schema', CASE WHEN t.n > 0 THEN 'installed' ELSE 'missing' END, 'installed',
		CASE WHEN t.n > 0 THEN 'ok' ELSE 'fail' END, 'run ''bikeops setup'''
	FROM (SELECT count(*) AS n FROM pg_tables
		WHERE schemaname = 'bikeops' AND tablename = 'migration') t
) c
