-- The history of one dimension: lay the points over the time lines of their keys, write the
-- shortest list of versions that says the same.  An image is all attributes in one text that is
-- never NULL and keeps trailing blanks, so that equal images are equal rows.

-- The keys' versions as they are.  An inferred member stands where its first version will; its
-- image is no row's.
CREATE TEMP TABLE before_{entity} AS
SELECT d.{key}, d.{id},
	d.{attribute},
	CASE WHEN d.exp_date = DATE '1900-01-01' THEN p.first_day ELSE d.eff_date END AS eff_date,
	d.exp_date,
	CASE WHEN d.exp_date = DATE '1900-01-01' THEN '' ELSE ''
		|| coalesce(length(cast(d.{attribute} AS varchar(255))) || ':' || d.{attribute}, '-')
	END AS image
FROM serving.{dim} d
JOIN (SELECT {id}, min(day) AS first_day FROM point_{entity} GROUP BY {id}) p ON p.{id} = d.{id}
;
-- What has to change.  Known points are replaced on the days of new ones; a version that ended
-- left a last point on its last day.
CREATE TEMP TABLE change_{entity} AS
WITH points AS (
	SELECT {id},
		{attribute},
		day, is_active
	FROM point_{entity}
	UNION ALL
	SELECT b.{id},
		b.{attribute},
		b.eff_date, CASE WHEN b.exp_date = b.eff_date THEN 'N' ELSE 'Y' END
	FROM before_{entity} b
	LEFT JOIN point_{entity} p ON p.{id} = b.{id} AND p.day = b.eff_date
	WHERE p.{id} IS NULL
	UNION ALL
	SELECT b.{id},
		b.{attribute},
		b.exp_date, 'N'
	FROM before_{entity} b
	LEFT JOIN point_{entity} p ON p.{id} = b.{id} AND p.day = b.exp_date
	WHERE p.{id} IS NULL AND b.exp_date > b.eff_date AND b.exp_date < DATE '9999-12-31'
), stretches AS (
	SELECT {id},
		{attribute},
		''
		|| coalesce(length(cast({attribute} AS varchar(255))) || ':' || {attribute}, '-')
		AS image,
		day AS lo, CASE WHEN is_active = 'N' THEN day
			ELSE coalesce(lead(day) OVER (PARTITION BY {id} ORDER BY day) - 1,
				DATE '9999-12-31') END AS hi
	FROM points
), edges AS (
	SELECT s.*, CASE WHEN lag(hi) OVER (PARTITION BY {id} ORDER BY lo) = lo - 1
		AND lag(image) OVER (PARTITION BY {id} ORDER BY lo) = image THEN 0 ELSE 1 END AS edge
	FROM stretches s
), numbered AS (
	SELECT e.*, sum(edge) OVER (PARTITION BY {id} ORDER BY lo
		ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS version
	FROM edges e
), versions AS (
	SELECT {id},
		{attribute},
		image, min(lo) AS eff_date, max(hi) AS exp_date
	FROM numbered
	GROUP BY {id},
		{attribute},
		image, version
)
SELECT CASE WHEN b.{id} IS NULL THEN 'insert' WHEN v.{id} IS NULL THEN 'delete'
		WHEN b.image = '' THEN 'heal' WHEN b.image <> v.image THEN 'update'
		ELSE 'extend' END AS what,
	coalesce(b.{key}, n.last_key + row_number() OVER (
		PARTITION BY CASE WHEN b.{id} IS NULL THEN 1 ELSE 0 END
		ORDER BY v.{id}, v.eff_date)) AS {key},
	coalesce(v.{id}, b.{id}) AS {id},
	v.{attribute},
	coalesce(v.eff_date, b.eff_date) AS eff_date, v.exp_date
FROM versions v
FULL JOIN before_{entity} b ON b.{id} = v.{id} AND b.eff_date = v.eff_date
CROSS JOIN (SELECT last_key FROM bikeops.keys WHERE tbl = '{entity}') n
WHERE b.{id} IS NULL OR v.{id} IS NULL OR b.image <> v.image OR b.exp_date <> v.exp_date
;
INSERT INTO bikeops.kept_{dim}
SELECT b.k, d.*
FROM serving.{dim} d
JOIN change_{entity} c ON c.{key} = d.{key} AND c.what <> 'insert'
CROSS JOIN staging.batch b
;
DELETE FROM serving.{dim} USING change_{entity}
WHERE {dim}.{key} = change_{entity}.{key} AND change_{entity}.what = 'delete'
;
UPDATE serving.{dim}
SET
	{attribute} = c.{attribute},
	eff_date = c.eff_date, exp_date = c.exp_date,
	active_flag = CASE WHEN c.exp_date = DATE '9999-12-31' THEN 'Y' ELSE 'N' END
FROM change_{entity} c
WHERE {dim}.{key} = c.{key} AND c.what IN ('heal', 'update', 'extend')
;
INSERT INTO serving.{dim} ({key}, {id},
	{attribute},
	eff_date, exp_date, active_flag)
SELECT {key}, {id},
	{attribute},
	eff_date, exp_date, CASE WHEN exp_date = DATE '9999-12-31' THEN 'Y' ELSE 'N' END
FROM change_{entity} WHERE what = 'insert'
;
UPDATE bikeops.keys
SET last_key = last_key + (SELECT count(*) FROM change_{entity} WHERE what = 'insert')
WHERE tbl = '{entity}'
;
-- Facts on and after a day on which a version began or ceased to begin may belong to another.
CREATE TEMP TABLE move_{entity} AS
SELECT f.sales_id, v.{key}
FROM (
	SELECT b.{key}, b.{id}, c.since
	FROM before_{entity} b
	JOIN (
		SELECT {id}, min(to_char(eff_date, 'YYYYMMDD')) AS since
		FROM change_{entity} WHERE what IN ('insert', 'delete') GROUP BY {id}
	) c ON c.{id} = b.{id}
) m
JOIN serving.fact_sales f ON f.{key} = m.{key} AND f.order_date >= m.since
JOIN (
	SELECT {key}, {id}, CASE WHEN lag({id}) OVER (PARTITION BY {id} ORDER BY eff_date) IS NULL
			THEN '00000000' ELSE to_char(eff_date, 'YYYYMMDD') END AS lo,
		coalesce(to_char(lead(eff_date) OVER (PARTITION BY {id} ORDER BY eff_date) - 1,
			'YYYYMMDD'), '99999999') AS hi
	FROM serving.{dim} WHERE {id} IN (SELECT {id} FROM change_{entity})
) v ON v.{id} = m.{id} AND f.order_date BETWEEN v.lo AND v.hi
WHERE v.{key} <> f.{key}
;
-- A fact that an earlier dimension moved is kept already.
INSERT INTO bikeops.kept_fact_sales
SELECT b.k, f.*
FROM serving.fact_sales f
JOIN move_{entity} m ON m.sales_id = f.sales_id
LEFT JOIN repointed r ON r.sales_id = f.sales_id
CROSS JOIN staging.batch b
WHERE r.sales_id IS NULL
;
UPDATE serving.fact_sales SET {key} = m.{key}
FROM move_{entity} m WHERE fact_sales.sales_id = m.sales_id
;
INSERT INTO repointed (sales_id) SELECT sales_id FROM move_{entity}
;
-- Every staged row has one outcome, the first that fits.
INSERT INTO bikeops.books (k, tbl, what, n)
SELECT b.k, '{entity}', w.what, CASE w.what WHEN 'inserted' THEN o.inserted
	WHEN 'updated' THEN o.updated WHEN 'deleted' THEN o.deleted WHEN 'absent' THEN o.absent
	ELSE (SELECT count(*) FROM staging.{staging}) - o.inserted - o.updated - o.deleted END
FROM staging.batch b
CROSS JOIN (
	SELECT 'inserted' AS what UNION ALL SELECT 'updated' UNION ALL SELECT 'deleted'
	UNION ALL SELECT 'unchanged' UNION ALL SELECT 'absent'
) w
CROSS JOIN (
	SELECT count(CASE WHEN outcome = 'inserted' THEN 1 END) AS inserted,
		count(CASE WHEN outcome = 'updated' THEN 1 END) AS updated,
		count(CASE WHEN outcome = 'deleted' THEN 1 END) AS deleted,
		count(CASE WHEN outcome = 'absent' THEN 1 END) AS absent
	FROM (
		SELECT CASE WHEN p.origin = 'absent' THEN 'absent'
			WHEN c.what IN ('insert', 'heal') THEN 'inserted'
			WHEN c.what = 'update' THEN 'updated'
			WHEN p.is_active = 'N' AND d.{id} IS NOT NULL THEN 'deleted' END AS outcome
		FROM point_{entity} p
		LEFT JOIN change_{entity} c ON c.{id} = p.{id} AND c.eff_date = p.day
		LEFT JOIN serving.{dim} d ON d.{id} = p.{id} AND d.exp_date = p.day
	) x
) o
;
SELECT '{dim}' AS tbl,
	count(*) || ' versions overlap another or end before they begin' AS rule
FROM (
	SELECT eff_date, exp_date, active_flag,
		lag(exp_date) OVER (PARTITION BY {id} ORDER BY eff_date) AS previous
	FROM serving.{dim} WHERE {id} IN (SELECT {id} FROM change_{entity})
) x
WHERE previous >= eff_date OR exp_date < eff_date
	OR (active_flag = 'Y' AND exp_date < DATE '9999-12-31')
	OR (active_flag <> 'Y' AND exp_date = DATE '9999-12-31')
HAVING count(*) > 0
