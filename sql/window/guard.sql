-- Where the window ends, and whether it may begin after $1 = the last one's epoch, with the last
-- journal row $2 = seq, $3 = xid, $4 = at still there.
SELECT pg_current_snapshot() AS s, epoch,
	(clock_timestamp() AT TIME ZONE current_setting('bikeops.timezone'))::date AS run_day,
	last.seq, last.xid, to_char(last.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
	(SELECT string_agg(format('%s on store.%s', tgname, tbl), ', ' ORDER BY tbl, tgname)
		FROM bikeops_capture.watched WHERE NOT intact) AS broken_triggers,
	(SELECT string_agg(col, ', ' ORDER BY col) FROM bikeops_capture.lost_columns) AS lost_columns,
	CASE WHEN prev IS NULL THEN 'nothing is published yet'
		WHEN $1::text IS DISTINCT FROM epoch::text
			THEN 'the source was restored, or its capture repaired'
		WHEN pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmax(prev)
			THEN 'the source was restored: its transactions begin again before the last run'
		WHEN $2::bigint IS NOT NULL AND NOT EXISTS (SELECT FROM bikeops_capture.journal
			WHERE seq = $2::bigint AND xid = $3::xid8 AND at = $4::timestamptz)
			THEN 'the source was restored: the last journal row taken is not there'
		WHEN pg_snapshot_xmin(prev) < trimmed_below
			THEN 'the journal was trimmed past the last run'
		WHEN EXISTS (SELECT FROM bikeops_capture.changes WHERE op = 'T')
			THEN 'a table was truncated'
	END AS must_full
FROM (SELECT trimmed_below FROM bikeops_capture.epoch) AS kept
	CROSS JOIN bikeops_capture.current_epoch() AS epoch
	CROSS JOIN (SELECT nullif(current_setting('bikeops.prev_snapshot'), '')::pg_snapshot
		AS prev) AS p
	LEFT JOIN LATERAL (SELECT seq, xid, at FROM bikeops_capture.journal
		ORDER BY seq DESC LIMIT 1) AS last ON true
