-- Is anything kept that is older than the seven days for which a batch can be taken back?
SELECT o.k FROM bikeops.kept o CROSS JOIN staging.batch b
WHERE o.kept_at < b.loaded_at - INTERVAL '7 days'
