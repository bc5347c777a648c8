-- What is open of runs on warehouse $1, the oldest first.
SELECT s.run, r.prefix, s.application, s.job
FROM ledger.spark_job s JOIN ledger.run r ON r.id = s.run
WHERE s.open AND r.warehouse = $1
ORDER BY s.run;
