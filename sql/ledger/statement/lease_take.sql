-- $1 warehouse, $2 run, $3 host, $4 pid, $5 its start
INSERT INTO ledger.lease (warehouse, run, host, pid, pid_start, expires_at)
VALUES ($1, $2::bigint, $3, $4::int, $5::bigint, clock_timestamp() + interval '60 s')
ON CONFLICT (warehouse) DO UPDATE
SET run = excluded.run, host = excluded.host, pid = excluded.pid, pid_start = excluded.pid_start,
    expires_at = excluded.expires_at;
