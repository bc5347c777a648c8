-- The calendar only grows; a day's attributes never change.
-- staging = stg_date
INSERT INTO bikeops.books (k, tbl, what, n)
SELECT b.k, 'dates', CASE WHEN d.date_key IS NULL THEN 'inserted' ELSE 'unchanged' END, count(*)
FROM staging.stg_date s
CROSS JOIN staging.batch b
LEFT JOIN serving.dim_date d ON d.date_key = s.date_key
GROUP BY b.k, CASE WHEN d.date_key IS NULL THEN 'inserted' ELSE 'unchanged' END
;
INSERT INTO serving.dim_date (date_key, date, year, month, day, quarter, day_of_week, month_name,
	week_of_year)
SELECT s.date_key, s.date, s.year, s.month, s.day, s.quarter, s.day_of_week, s.month_name,
	s.week_of_year
FROM staging.stg_date s LEFT JOIN serving.dim_date d ON d.date_key = s.date_key
WHERE d.date_key IS NULL
