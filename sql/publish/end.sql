-- Note what was done.
INSERT INTO bikeops.books (k, tbl, what, n)
SELECT b.k, 'sales', 'repointed', (SELECT count(DISTINCT sales_id) FROM repointed)
FROM staging.batch b
;
INSERT INTO bikeops.batches (k, run, s, epoch, manifest, loaded_at)
SELECT k, run, s, epoch, manifest, loaded_at FROM staging.batch
