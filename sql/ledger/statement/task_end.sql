-- $1 run, $2 task, $3 attempt, $4 state, $5 peak KiB, $6 error
UPDATE ledger.task
SET state = $4, ended_at = clock_timestamp(), peak_kib = $5::bigint, error = $6
WHERE run = $1::bigint AND name = $2 AND attempt = $3::int;
