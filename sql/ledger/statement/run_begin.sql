-- $1 run, $2 host, $3 pid, $4 its start.  On disk at once: objects bear the attempt too.  A wish
-- for its end still counts, but for one that has ended since.
UPDATE ledger.run
SET state = 'running', host = $2, pid = $3::int, pid_start = $4::bigint, attempt = attempt + 1,
    started_at = coalesce(started_at, clock_timestamp()), ended_at = NULL,
    cancel_requested = cancel_requested AND state IN ('queued', 'running'),
    error_code = NULL, error = NULL, hint = NULL
WHERE id = $1::bigint
RETURNING attempt, cancel_requested, set_config('synchronous_commit', 'on', true);
