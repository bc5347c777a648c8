-- What warehouse $1 lacks: its last snapshot to now.  Cheap: the index on xid, and no more than
-- 100000 rows of it.
WITH had AS (
	SELECT s FROM bikeops_capture.consumers WHERE warehouse = $1
), late AS (
	SELECT at FROM bikeops_capture.journal
	WHERE xid = ANY (ARRAY(SELECT pg_snapshot_xip(s) FROM had))
	UNION ALL
	(SELECT at FROM bikeops_capture.journal
	WHERE xid >= (SELECT pg_snapshot_xmax(s) FROM had)
	ORDER BY xid
	LIMIT 100001)
)
SELECT CASE WHEN (SELECT s FROM had) IS NULL THEN 'never'
		WHEN count(*) = 0 THEN 'nothing'
		ELSE 'behind' END AS state,
	least(count(*), 100000) AS changes, count(*) > 100000 AS more,
	to_char(min(at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS oldest_at,
	to_char(clock_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS read_at,
	NULL::text AS note
FROM late
