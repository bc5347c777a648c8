-- Who holds the lease of warehouse $1; locks the row until the transaction ends.
SELECT l.run, l.host, l.pid, l.pid_start, l.expires_at < clock_timestamp() AS expired,
    extract(epoch FROM clock_timestamp() - r.started_at)::bigint AS seconds
FROM ledger.lease l
LEFT JOIN ledger.run r ON r.id = l.run
WHERE l.warehouse = $1
FOR UPDATE OF l;
