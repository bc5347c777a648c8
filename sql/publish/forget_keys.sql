-- Last of what is kept, as the rows are found by it.
DELETE FROM bikeops.kept_keys WHERE k IN (SELECT o.k FROM bikeops.kept o CROSS JOIN staging.batch b
	WHERE o.kept_at < b.loaded_at - INTERVAL '7 days')
;
DELETE FROM bikeops.kept WHERE k IN (SELECT o.k FROM bikeops.kept o CROSS JOIN staging.batch b
	WHERE o.kept_at < b.loaded_at - INTERVAL '7 days')
