-- One table as it was: what the batch added goes, what it changed or removed comes back whole.
CREATE TEMP TABLE back_{tbl} AS
SELECT o.*
FROM bikeops.kept_{table} o
JOIN bikeops.undone u ON u.k = o.k
JOIN bikeops.watermark w ON w.k = u.by_k
;
ALTER TABLE back_{tbl} DROP COLUMN k
;
DELETE FROM serving.{table}
WHERE {row} > (
	SELECT o.last_key
	FROM bikeops.kept_keys o
	JOIN bikeops.undone u ON u.k = o.k
	JOIN bikeops.watermark w ON w.k = u.by_k
	WHERE o.tbl = '{tbl}')
;
DELETE FROM serving.{table} USING back_{tbl} WHERE {table}.{row} = back_{tbl}.{row}
;
INSERT INTO serving.{table} SELECT * FROM back_{tbl}
