-- $1 run, $2 task, $3 attempt, $4 ordinal
INSERT INTO ledger.task (run, name, attempt, ordinal, state)
VALUES ($1::bigint, $2, $3::int, $4::int, 'running')
ON CONFLICT (run, name, attempt) DO UPDATE
SET state = 'running', started_at = clock_timestamp(), ended_at = NULL, error = NULL;
