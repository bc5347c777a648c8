-- stg_date: the days that the calendar lacks.  It reaches from 1 January of the first year to
-- 31 December of the last, over the four dates of the staged lines and the years that are already
-- there (batch); only days of other years are staged.
WITH digit AS (
	SELECT d FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) AS v(d)
),
number AS (
	SELECT a.d + 10 * b.d + 100 * c.d AS n
	FROM digit a CROSS JOIN digit b CROSS JOIN (SELECT d FROM digit WHERE d < 4) c
),
staged AS (
	SELECT
		min(least(order_date, required_date, shipped_date, rejected_date)) AS first_day,
		max(greatest(order_date, required_date, shipped_date, rejected_date)) AS last_day
	FROM stg_sales
),
span AS (
	SELECT
		least(cast(left(s.first_day, 4) AS int), b.first_year) AS first_wanted,
		greatest(cast(left(s.last_day, 4) AS int), b.last_year) AS last_wanted,
		b.first_year,
		b.last_year
	FROM staged s CROSS JOIN batch b
),
wanted AS (
	SELECT 1900 + x.n AS y
	FROM number x CROSS JOIN span s
	WHERE 1900 + x.n BETWEEN s.first_wanted AND s.last_wanted
		AND (s.first_year IS NULL OR 1900 + x.n NOT BETWEEN s.first_year AND s.last_year)
),
-- The weekday is counted, no engine's name for it is asked: Gauss's rule gives that of 1 January,
-- 0 for a Monday.
days AS (
	SELECT
		w.y,
		cast(cast(w.y AS string) || '-01-01' AS date) + x.n AS day_d,
		(5 * ((w.y - 1) % 4) + 4 * ((w.y - 1) % 100) + 6 * ((w.y - 1) % 400) + x.n) % 7 AS weekday_n
	FROM wanted w CROSS JOIN number x
	WHERE x.n < 366
)
SELECT
	replace(cast(day_d AS string), '-', '') AS date_key,
	cast(day_d AS date) AS date,
	cast(year(day_d) AS int) AS year,
	cast(month(day_d) AS int) AS month,
	cast(day(day_d) AS int) AS day,
	cast(quarter(day_d) AS int) AS quarter,
	CASE weekday_n
		WHEN 0 THEN 'Monday' WHEN 1 THEN 'Tuesday' WHEN 2 THEN 'Wednesday' WHEN 3 THEN 'Thursday'
		WHEN 4 THEN 'Friday' WHEN 5 THEN 'Saturday' ELSE 'Sunday'
	END AS day_of_week,
	CASE month(day_d)
		WHEN 1 THEN 'January' WHEN 2 THEN 'February' WHEN 3 THEN 'March' WHEN 4 THEN 'April'
		WHEN 5 THEN 'May' WHEN 6 THEN 'June' WHEN 7 THEN 'July' WHEN 8 THEN 'August'
		WHEN 9 THEN 'September' WHEN 10 THEN 'October' WHEN 11 THEN 'November' ELSE 'December'
	END AS month_name,
	cast(weekofyear(day_d) AS int) AS week_of_year,
	cast(NULL AS string) AS _rule,
	cast(NULL AS string) AS _key,
	1 AS _n,
	cast(NULL AS string) AS _raw,
	cast(NULL AS string) AS _object
FROM days
WHERE year(day_d) = y
