-- stg_date: the days that the calendar lacks.  It reaches from 1 January of the first year to
-- 31 December of the last, over the four dates of the staged lines and the years that are already
-- there (batch); only days of other years are staged.
WITH digit AS (
	SELECT d FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) AS v(d)
),
number AS (
	SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d AS n
	FROM digit a CROSS JOIN digit b CROSS JOIN digit c CROSS JOIN digit e CROSS JOIN digit f
	CROSS JOIN (SELECT d FROM digit WHERE d < 2) g
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
-- 1900-01-01 is a Monday: the weekday is counted, no engine's name for it is asked.
days AS (
	SELECT
		date '1900-01-01' + x.n AS day_d,
		x.n % 7 AS weekday_n,
		s.first_wanted,
		s.last_wanted,
		s.first_year,
		s.last_year
	FROM number x CROSS JOIN span s
	WHERE x.n >= 365 * (s.first_wanted - 1900) AND x.n < 366 * (s.last_wanted - 1899)
),
lacking AS (
	SELECT day_d, weekday_n
	FROM days
	WHERE year(day_d) BETWEEN first_wanted AND last_wanted
		AND (first_year IS NULL OR year(day_d) NOT BETWEEN first_year AND last_year)
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
FROM lacking
