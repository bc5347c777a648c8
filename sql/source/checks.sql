-- What can be said of any server.
SELECT name, value, "limit", state, CASE WHEN state <> 'ok' THEN hint END AS hint
FROM (
SELECT 'connection' AS name, format('%s as %s', current_database(), current_user) AS value,
	NULL AS "limit", 'ok' AS state, NULL AS hint
UNION ALL
SELECT 'server version', current_setting('server_version'), '13 to 18',
	CASE WHEN current_setting('server_version_num')::int / 10000 BETWEEN 13 AND 18 THEN 'ok'
		ELSE 'warn' END,
	'bikeops is tested with PostgreSQL 13 to 18'
UNION ALL
SELECT 'recovery', CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END, 'primary',
	CASE WHEN pg_is_in_recovery() THEN 'fail' ELSE 'ok' END,
	'point source_dsn at the primary: a standby does not show open transactions'
UNION ALL
SELECT 'capture', CASE WHEN there THEN 'installed' ELSE 'missing' END, 'installed',
	CASE WHEN there THEN 'ok' ELSE 'fail' END, 'run ''bikeops setup'''
FROM (SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'bikeops_capture') AS there) AS c
) AS c
