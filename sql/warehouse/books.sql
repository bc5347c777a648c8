-- What the batches after k = $1 did.
SELECT o.k, b.run, o.tbl, o.what, o.n
FROM bikeops.books o JOIN bikeops.batches b ON b.k = o.k
WHERE o.k > $1
ORDER BY o.k, o.tbl, o.what
