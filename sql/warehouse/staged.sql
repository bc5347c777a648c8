-- Is staging still this run's?
SELECT run FROM staging.batch WHERE run = $1
