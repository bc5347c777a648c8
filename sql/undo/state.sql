-- What became of the batch of run $1, which batch stands last, and what was before the first.
SELECT w.k AS now_k, w.run AS now_run, b.k,
	to_char(b.loaded_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS loaded_at, c.run AS by_run, u.by_k,
	d.run AS undid_run, l.k AS last_k, l.run AS last_run,
	o.k AS kept_k, o.epoch, o.s, o.seq, o.xid, o.at, w.business_timezone,
	w.first_year, w.last_year
FROM bikeops.watermark w
LEFT JOIN bikeops.batches b
	ON b.k = (SELECT max(k) FROM bikeops.batches WHERE run = cast($1 AS bigint))
LEFT JOIN bikeops.undone u ON u.k = b.k
LEFT JOIN bikeops.batches c ON c.k = u.by_k
LEFT JOIN bikeops.undone v ON v.by_k = b.k
LEFT JOIN bikeops.batches d ON d.k = v.k
LEFT JOIN bikeops.batches l ON l.k = (
	SELECT max(x.k) FROM bikeops.batches x
	LEFT JOIN bikeops.undone y ON y.k = x.k
	LEFT JOIN bikeops.undone z ON z.by_k = x.k
	WHERE y.k IS NULL AND z.k IS NULL)
LEFT JOIN bikeops.kept o ON o.k = b.k
