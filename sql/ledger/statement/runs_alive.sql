-- Runs of warehouse $1 that say they run on host $2, but for process $3; or that nobody ever began.
SELECT id, pid, pid_start FROM ledger.run
WHERE warehouse = $1 AND state IN ('queued', 'running')
    AND (host = $2 AND pid <> $3::int OR host IS NULL AND created_at < clock_timestamp() - interval '60 s');
