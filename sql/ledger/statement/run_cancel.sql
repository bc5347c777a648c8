UPDATE ledger.run SET cancel_requested = true
WHERE id = $1::bigint AND state IN ('queued', 'running')
RETURNING host, pid, pid_start;
