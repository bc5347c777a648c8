-- What must hold for the next batch.  $1: how many migrations this program has.
SELECT name, value, "limit", state, CASE WHEN state <> 'ok' THEN hint END AS hint
FROM (
	SELECT 'schema version' AS name, m.n || ' migrations' AS value, $1::text AS "limit",
		CASE WHEN m.n = $1::int THEN 'ok' ELSE 'fail' END AS state,
		CASE WHEN m.n > $1::int THEN 'a newer bikeops made it: use that one'
			ELSE 'run ''bikeops setup''' END AS hint
	FROM (SELECT count(*) AS n FROM bikeops.migration) m
	UNION ALL
	SELECT 'rights', coalesce('bikeops_run may not write ' || r.lacks, 'enough'),
		'write serving and books', CASE WHEN r.lacks IS NULL THEN 'ok' ELSE 'fail' END,
		'grant them as ''bikeops sql warehouse/postgres/0002_rights'' does'
	FROM (
		SELECT string_agg(c.oid::regclass::text, ', ' ORDER BY c.oid::regclass::text) AS lacks FROM pg_class c
		WHERE c.oid IN ('serving.fact_sales'::regclass, 'serving.dim_date'::regclass,
				'serving.dim_customers'::regclass, 'serving.dim_products'::regclass,
				'serving.dim_staffs'::regclass, 'serving.dim_stores'::regclass,
				'bikeops.books'::regclass, 'bikeops.batches'::regclass)
			AND NOT has_table_privilege('bikeops_run', c.oid, 'INSERT')
	) r
	UNION ALL
	SELECT 'last batch', coalesce('k ' || b.k || ', ' || to_char(b.loaded_at,
			'YYYY-MM-DD HH24:MI'), 'none'), '36 h',
		CASE WHEN b.loaded_at > now() - INTERVAL '36 hours' THEN 'ok' ELSE 'warn' END,
		CASE WHEN b.k IS NULL THEN 'run ''bikeops run full'''
			ELSE 'run ''bikeops run incremental''' END
	FROM bikeops.watermark w LEFT JOIN bikeops.batches b ON b.k = w.k
	UNION ALL
	SELECT 'staging', coalesce('holds the batch of run ' || max(b.run), 'empty'), 'empty',
		CASE WHEN count(*) = 0 THEN 'ok' ELSE 'warn' END,
		'a run is under way, or ended early: the next one replaces it'
	FROM staging.batch b
) c
