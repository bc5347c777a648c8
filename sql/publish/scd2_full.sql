-- The points that a full reading puts on a key's time line: the row as it is; an end where it is
-- inactive or no longer there.  A rejected row is there.
CREATE TEMP TABLE point_{entity} AS
SELECT g.{id},
	g.{attribute},
	greatest(g.eff_date, coalesce(t.last_day, g.eff_date)) AS day, g.is_active,
	cast('staged' AS varchar(15)) AS origin
FROM staging.{staging} g LEFT JOIN (
	SELECT {id}, max(CASE WHEN exp_date = DATE '9999-12-31' THEN eff_date
		ELSE exp_date END) AS last_day
	FROM serving.{dim} WHERE exp_date > DATE '1900-01-01' GROUP BY {id}
) t ON t.{id} = g.{id}
WHERE g.is_active = 'Y' OR t.{id} IS NULL
UNION ALL
SELECT d.{id},
	d.{attribute},
	greatest(d.eff_date, coalesce(g.eff_date, b.run_day)), 'N',
	CASE WHEN g.{id} IS NULL THEN 'absent' ELSE 'staged' END
FROM serving.{dim} d
CROSS JOIN staging.batch b
LEFT JOIN staging.{staging} g ON g.{id} = d.{id}
LEFT JOIN staging.keys_read r ON r.id = d.{id} AND r.entity = '{entity}'
WHERE d.active_flag = 'Y' AND (g.is_active = 'N' OR r.id IS NULL)
