-- The points that the changes of a window put on a key's time line.  Days never run backwards
-- within a key, and of several images of a day the last counts.
CREATE TEMP TABLE point_{entity} AS
SELECT {id},
	{attribute},
	day, is_active, cast('staged' AS varchar(15)) AS origin
FROM (
	SELECT d.*, row_number() OVER (PARTITION BY d.{id}, d.day ORDER BY d.eff_date DESC) AS place
	FROM (
		SELECT g.*, greatest(g.eff_date, coalesce(t.last_day, g.eff_date)) AS day
		FROM staging.{staging} g LEFT JOIN (
			SELECT {id}, max(CASE WHEN exp_date = DATE '9999-12-31' THEN eff_date
				ELSE exp_date END) AS last_day
			FROM serving.{dim}
			WHERE exp_date > DATE '1900-01-01'
				AND {id} IN (SELECT {id} FROM staging.{staging})
			GROUP BY {id}
		) t ON t.{id} = g.{id}
	) d
) p
WHERE place = 1
