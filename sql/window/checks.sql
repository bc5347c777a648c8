-- What must hold for the next window, which begins after $1 = epoch, $2 = snapshot.
SELECT name, value, "limit", state, CASE WHEN state <> 'ok' THEN hint END AS hint
FROM (
SELECT 'rights' AS name, coalesce('bikeops_run may not read ' || lacks, 'enough') AS value,
	'read store, write consumers' AS "limit",
	CASE WHEN lacks IS NULL THEN 'ok' ELSE 'fail' END AS state,
	'run ''bikeops setup'', which grants them' AS hint
FROM (SELECT string_agg(format('%s.%s', n.nspname, c.relname), ', ' ORDER BY n.nspname, c.relname) AS lacks
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE (n.nspname = 'store' AND c.relname = ANY ('{stores,staffs,brands,categories,products,
				customers,orders,order_items}')
			AND NOT has_table_privilege('bikeops_run', c.oid, 'SELECT'))
		OR (n.nspname = 'bikeops_capture' AND c.relname = 'consumers'
			AND NOT has_table_privilege('bikeops_run', c.oid, 'INSERT'))) AS r
UNION ALL
SELECT 'triggers',
	coalesce(string_agg(format('%s on %s', tgname, tbl), ', ' ORDER BY tbl, tgname) FILTER (WHERE NOT intact),
		'all enabled'), count(*)::text,
	CASE WHEN bool_and(intact) THEN 'ok' ELSE 'fail' END,
	'changes are being missed: run ''bikeops setup'', then ''bikeops run full'''
FROM bikeops_capture.watched
UNION ALL
SELECT 'columns', coalesce(string_agg(col, ', ' ORDER BY col), 'as captured'), 'as captured',
	CASE WHEN count(*) = 0 THEN 'ok' ELSE 'fail' END,
	'columns of store are gone or of another type: mend them, or run ''bikeops setup'''
FROM bikeops_capture.lost_columns
UNION ALL
SELECT 'epoch', epoch::text, $1,
	CASE WHEN epoch::text = coalesce($1, epoch::text) THEN 'ok' ELSE 'warn' END,
	'the source was restored or repaired: the next run is a full one'
FROM (SELECT CASE WHEN NOT pg_is_in_recovery() THEN bikeops_capture.current_epoch() END AS epoch) AS e
UNION ALL
SELECT 'journal', format('%s rows, %s, since %s', rows, pg_size_pretty(size),
		coalesce(to_char(oldest, 'YYYY-MM-DD HH24:MI'), 'never')), '10 GB',
	CASE WHEN size < 10 * 1024 ^ 3 THEN 'ok' ELSE 'warn' END,
	'nothing trims the journal yet'
FROM (SELECT count(*) AS rows FROM bikeops_capture.journal) AS j,
	pg_total_relation_size('bikeops_capture.journal') AS size,
	(SELECT min(at) AS oldest
		FROM (SELECT at FROM bikeops_capture.journal ORDER BY seq LIMIT 1) AS f) AS o
UNION ALL
SELECT 'oldest transaction', coalesce((SELECT who FROM bikeops_capture.open_transactions()
		WHERE NOT prepared ORDER BY since NULLS LAST LIMIT 1), 'none'), '1 h',
	CASE WHEN EXISTS (SELECT FROM bikeops_capture.open_transactions()
		WHERE NOT prepared AND since < now() - interval '1 hour') THEN 'warn' ELSE 'ok' END,
	'its changes come when it ends; the journal is kept for it'
UNION ALL
SELECT 'prepared transactions', count(*)::text, '0',
	CASE WHEN count(*) = 0 THEN 'ok' ELSE 'warn' END,
	string_agg(who, '; ') || ': COMMIT PREPARED or ROLLBACK PREPARED ends it'
FROM bikeops_capture.open_transactions() WHERE prepared
UNION ALL
SELECT 'next transaction', pg_snapshot_xmax(pg_current_snapshot())::text,
	'beyond ' || pg_snapshot_xmax($2::pg_snapshot),
	CASE WHEN pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmax($2::pg_snapshot)
		THEN 'warn' ELSE 'ok' END,
	'the source was restored: the next run is a full one'
) AS c
