-- What batches older than seven days changed.
DELETE FROM bikeops.kept_{table}
WHERE k IN (SELECT o.k FROM bikeops.kept o CROSS JOIN staging.batch b
	WHERE o.kept_at < b.loaded_at - INTERVAL '7 days')
