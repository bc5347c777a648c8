-- What the transform counted goes into the books, unless too much was rejected.
INSERT INTO bikeops.books (k, tbl, what, n)
SELECT b.k, c.tbl, c.what, c.n FROM staging.counted c CROSS JOIN staging.batch b
;
SELECT 'transform' AS tbl, x.rejected || ' of ' || x.read || ' rows were rejected; the limit is '
	|| x.allowed || CASE WHEN x.allowed > 10 THEN ' (' || x.most || ' %)' ELSE '' END AS rule
FROM (
	SELECT sum(CASE WHEN c.what = 'read' THEN c.n ELSE 0 END) AS read,
		sum(CASE WHEN c.what = 'rejected' THEN c.n ELSE 0 END) AS rejected,
		greatest(floor(sum(CASE WHEN c.what = 'read' THEN c.n ELSE 0 END)
			* max(b.max_reject_percent) / 100), 10) AS allowed,
		max(b.max_reject_percent) AS most
	FROM staging.counted c CROSS JOIN staging.batch b WHERE c.tbl <> 'dates'
) x
WHERE x.rejected > x.allowed
;
CREATE TEMP TABLE repointed (sales_id bigint)
;
-- The state before, for an undo.
INSERT INTO bikeops.kept (k, epoch, s, seq, xid, at, kept_at)
SELECT k, prev_epoch, prev_s, prev_seq, prev_xid, prev_at, loaded_at FROM staging.batch
;
INSERT INTO bikeops.kept_keys (k, tbl, last_key)
SELECT b.k, n.tbl, n.last_key FROM bikeops.keys n CROSS JOIN staging.batch b
