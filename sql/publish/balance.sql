-- The books of the batch at the watermark must balance, or nothing is published.
SELECT x.tbl, CASE
		WHEN x.read <> x.staged + x.superseded + x.rejected
			THEN 'read ' || x.read || ' is not staged ' || x.staged || ' + superseded '
				|| x.superseded || ' + rejected ' || x.rejected
		WHEN x.before + x.inserted - x.removed <> x.after
			THEN 'before ' || x.before || ' + inserted ' || x.inserted || ' - removed '
				|| x.removed || ' is not after ' || x.after
		ELSE 'staged ' || x.staged || ' is not inserted ' || x.inserted || ' + updated '
			|| x.updated || ' + deleted ' || x.deleted || ' + unchanged ' || x.unchanged
	END AS rule
FROM (
	SELECT o.tbl,
		sum(CASE WHEN o.what = 'read' THEN o.n ELSE 0 END) AS read,
		sum(CASE WHEN o.what = 'staged' THEN o.n ELSE 0 END) AS staged,
		sum(CASE WHEN o.what = 'superseded' THEN o.n ELSE 0 END) AS superseded,
		sum(CASE WHEN o.what = 'rejected' THEN o.n ELSE 0 END) AS rejected,
		sum(CASE WHEN o.what = 'inserted' THEN o.n ELSE 0 END) AS inserted,
		sum(CASE WHEN o.what = 'updated' THEN o.n ELSE 0 END) AS updated,
		sum(CASE WHEN o.what = 'deleted' THEN o.n ELSE 0 END) AS deleted,
		sum(CASE WHEN o.what = 'unchanged' THEN o.n ELSE 0 END) AS unchanged,
		sum(CASE WHEN o.what = 'before' THEN o.n ELSE 0 END) AS before,
		sum(CASE WHEN o.what = 'removed' THEN o.n ELSE 0 END) AS removed,
		sum(CASE WHEN o.what = 'after' THEN o.n ELSE 0 END) AS after
	FROM bikeops.books o JOIN bikeops.watermark w ON w.k = o.k
	GROUP BY o.tbl
) x
WHERE x.read <> x.staged + x.superseded + x.rejected
	OR x.staged <> x.inserted + x.updated + x.deleted + x.unchanged
	OR (x.tbl = 'sales' AND x.before + x.inserted - x.removed <> x.after)
