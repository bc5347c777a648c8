-- expired: it has no lease, and time enough to take one.
UPDATE ledger.run SET cancel_requested = true
WHERE id = $1::bigint AND state IN ('queued', 'running')
RETURNING host, pid, pid_start, host IS NOT NULL
    AND (state = 'running' OR created_at < clock_timestamp() - interval '60 s')
    AND NOT EXISTS (SELECT 1 FROM ledger.lease l
        WHERE l.run = ledger.run.id AND l.expires_at > clock_timestamp()) AS expired;
