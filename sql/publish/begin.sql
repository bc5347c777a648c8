-- The watermark moves first: of two publishers of batch k the second waits here and then finds no
-- row.  $1 run, $2 k: staging must hold this run's batch.
UPDATE bikeops.watermark
SET k = b.k, run = b.run, epoch = b.epoch, s = b.s, seq = b.seq, xid = b.xid, at = b.at,
	business_timezone = b.business_timezone, first_year = b.first_year, last_year = b.last_year
FROM staging.batch b
WHERE b.run = cast($1 AS bigint) AND b.k = cast($2 AS bigint) AND watermark.k = b.k - 1
	AND coalesce(watermark.epoch, '') = coalesce(b.prev_epoch, '')
