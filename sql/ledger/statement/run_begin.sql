-- $1 run, $2 host, $3 pid, $4 its start.  On disk at once: objects bear the attempt too.
UPDATE ledger.run
SET state = 'running', host = $2, pid = $3::int, pid_start = $4::bigint, attempt = attempt + 1,
    started_at = coalesce(started_at, clock_timestamp()), ended_at = NULL,
    cancel_requested = false, error_code = NULL, error = NULL, hint = NULL
WHERE id = $1::bigint
RETURNING attempt, set_config('synchronous_commit', 'on', true);
