-- The versions that staged lines can name, and the order dates each serves: the first from ever.
-- A key without any version gets an inferred one, to be healed when the dimension arrives.
CREATE TEMP TABLE member_{entity} AS
SELECT s.{id}, CASE WHEN d.{key} IS NULL THEN 'Y' ELSE 'N' END AS inferred,
	coalesce(d.{key}, n.last_key + row_number() OVER (
		PARTITION BY CASE WHEN d.{key} IS NULL THEN 1 ELSE 0 END ORDER BY s.{id})) AS {key},
	CASE WHEN lag(s.{id}) OVER (PARTITION BY s.{id} ORDER BY d.eff_date) IS NULL
		THEN '00000000' ELSE to_char(d.eff_date, 'YYYYMMDD') END AS lo,
	coalesce(to_char(lead(d.eff_date) OVER (PARTITION BY s.{id} ORDER BY d.eff_date) - 1,
		'YYYYMMDD'), '99999999') AS hi
FROM (SELECT DISTINCT {id} FROM staging.stg_sales WHERE {id} IS NOT NULL) s
CROSS JOIN (SELECT last_key FROM bikeops.keys WHERE tbl = '{entity}') n
LEFT JOIN serving.{dim} d ON d.{id} = s.{id}
;
INSERT INTO serving.{dim} ({key}, {id}, eff_date, exp_date, active_flag)
SELECT {key}, {id}, DATE '1900-01-01', DATE '1900-01-01', 'N'
FROM member_{entity} WHERE inferred = 'Y'
;
UPDATE bikeops.keys
SET last_key = last_key + (SELECT count(*) FROM member_{entity} WHERE inferred = 'Y')
WHERE tbl = '{entity}'
