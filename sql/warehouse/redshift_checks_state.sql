-- What must hold for the next batch.  $1: how many migrations this program has.
SELECT name, value, "limit", state, CASE WHEN state <> 'ok' THEN hint END AS hint
FROM (
	SELECT 'schema version' AS name, m.n || ' migrations' AS value, cast($1 AS varchar(20)) AS "limit",
		CASE WHEN m.n = cast($1 AS int) THEN 'ok' ELSE 'fail' END AS state,
		CASE WHEN m.n > cast($1 AS int) THEN 'a newer bikeops made it: use that one'
			ELSE 'run ''bikeops setup''' END AS hint
	FROM (SELECT count(*) AS n FROM bikeops.migration) m
	UNION ALL
	SELECT 'last batch', coalesce('k ' || b.k || ', ' || to_char(b.loaded_at,
			'YYYY-MM-DD HH24:MI'), 'none'), '36 h',
		CASE WHEN b.loaded_at > dateadd(hour, -36, getdate()) THEN 'ok' ELSE 'warn' END,
		CASE WHEN b.k IS NULL THEN 'run ''bikeops run full'''
			ELSE 'run ''bikeops run incremental''' END
	FROM bikeops.watermark w LEFT JOIN bikeops.batches b ON b.k = w.k
	UNION ALL
	SELECT 'staging', coalesce('holds the batch of run ' || max(b.run), 'empty'), 'empty',
		CASE WHEN count(*) = 0 THEN 'ok' ELSE 'warn' END,
		'a run is under way, or ended early: the next one replaces it'
	FROM staging.batch b
) c
