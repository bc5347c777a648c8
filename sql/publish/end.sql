-- Note what was done; forget what is too old to be taken back.
INSERT INTO bikeops.books (k, tbl, what, n)
SELECT b.k, 'sales', 'repointed', (SELECT count(DISTINCT sales_id) FROM repointed)
FROM staging.batch b
;
INSERT INTO bikeops.batches (k, run, s, epoch, manifest, loaded_at)
SELECT k, run, s, epoch, manifest, loaded_at FROM staging.batch
;
DELETE FROM bikeops.kept_keys WHERE k IN (SELECT o.k FROM bikeops.kept o CROSS JOIN staging.batch b
	WHERE o.kept_at < b.loaded_at - INTERVAL '7 days')
;
DELETE FROM bikeops.kept WHERE k IN (SELECT o.k FROM bikeops.kept o CROSS JOIN staging.batch b
	WHERE o.kept_at < b.loaded_at - INTERVAL '7 days')
