-- The watermark moves first, to the next batch with the end of the window before batch $2: of two
-- that would move it from $3 the second waits here and then finds no row.  $1 run.
UPDATE bikeops.watermark
SET k = watermark.k + 1, run = cast($1 AS bigint), epoch = o.epoch, s = o.s, seq = o.seq,
	xid = o.xid, at = o.at
FROM bikeops.kept o
WHERE o.k = cast($2 AS bigint)
	AND watermark.k = o.k + cast($3 AS bigint) - cast($2 AS bigint) -- Redshift wants an equijoin
