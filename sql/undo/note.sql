-- Batch $1 was taken back, at $2.
INSERT INTO bikeops.undone (k, by_k, at)
SELECT cast($1 AS bigint), k, cast($2 AS timestamptz) FROM bikeops.watermark
