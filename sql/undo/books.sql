-- $1 table of the books; as counted: $2 removed, $3 inserted, $4 updated.  What is read are the
-- rows that were kept.
INSERT INTO bikeops.books (k, tbl, what, n)
SELECT w.k, cast($1 AS varchar(15)), x.what, x.n
FROM bikeops.watermark w
CROSS JOIN (
	SELECT 'removed' AS what, cast($2 AS bigint) AS n
	UNION ALL SELECT 'inserted', cast($3 AS bigint)
	UNION ALL SELECT 'updated', cast($4 AS bigint)
	UNION ALL SELECT 'rejected', 0
	UNION ALL SELECT 'unchanged', 0
	UNION ALL SELECT 'read', cast($3 AS bigint) + cast($4 AS bigint)
	UNION ALL SELECT 'staged', cast($3 AS bigint) + cast($4 AS bigint)
) x
