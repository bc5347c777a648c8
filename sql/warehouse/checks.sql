-- What can be said of any server.
SELECT name, value, "limit", state, CASE WHEN state <> 'ok' THEN hint END AS hint
FROM (
	SELECT 'connection' AS name, current_database() || ' as ' || current_user AS value,
		NULL AS "limit", 'ok' AS state, NULL AS hint
	UNION ALL
	SELECT 'server version', current_setting('server_version'), '13 or newer',
		CASE WHEN current_setting('server_version_num')::int >= 130000 THEN 'ok'
			ELSE 'fail' END,
		'publish was tried with PostgreSQL 13 to 18'
	UNION ALL
	SELECT 'schema', CASE WHEN t.there THEN 'installed' ELSE 'missing' END, 'installed',
		CASE WHEN t.there THEN 'ok' ELSE 'fail' END, 'run ''bikeops setup'''
	FROM (SELECT to_regclass('bikeops.migration') IS NOT NULL AS there) t
) c
