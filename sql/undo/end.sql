-- Note what was done.  The lines after must be as many as the batch had found.
INSERT INTO bikeops.books (k, tbl, what, n)
SELECT w.k, 'sales', 'before', coalesce((SELECT n FROM bikeops.books
	WHERE tbl = 'sales' AND what = 'after' ORDER BY k DESC LIMIT 1), 0)
FROM bikeops.watermark w
;
INSERT INTO bikeops.books (k, tbl, what, n)
SELECT o.k, 'sales', 'after', coalesce(f.n, o.n)
FROM bikeops.watermark w
JOIN bikeops.books o ON o.k = w.k AND o.tbl = 'sales' AND o.what = 'before'
JOIN bikeops.undone u ON u.by_k = w.k
LEFT JOIN bikeops.books f ON f.k = u.k AND f.tbl = 'sales' AND f.what = 'before'
;
INSERT INTO bikeops.batches (k, run, s, epoch, manifest, loaded_at)
SELECT w.k, w.run, coalesce(w.s, ''), coalesce(w.epoch, ''), '', u.at
FROM bikeops.watermark w JOIN bikeops.undone u ON u.by_k = w.k
