-- Runs of warehouse $1 that say they are at work on host $2.
SELECT id, pid, pid_start FROM ledger.run
WHERE warehouse = $1 AND state IN ('queued', 'running') AND host = $2;
