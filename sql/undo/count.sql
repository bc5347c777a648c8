-- What taking back batch $1 does to a table: rows that the batch added are removed, rows that it
-- removed are inserted again, rows that it changed are updated.
SELECT '{tbl}' AS tbl, '{table}' AS "table",
	(SELECT count(*) FROM serving.{table} WHERE {row} > (
		SELECT last_key FROM bikeops.kept_keys
		WHERE k = cast($1 AS bigint) AND tbl = '{tbl}')) AS removed,
	count(CASE WHEN s.{row} IS NULL THEN 1 END) AS inserted, count(s.{row}) AS updated
FROM bikeops.kept_{table} o LEFT JOIN serving.{table} s ON s.{row} = o.{row}
WHERE o.k = cast($1 AS bigint)
