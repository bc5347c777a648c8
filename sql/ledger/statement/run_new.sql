-- $1 pipeline, $2 mode, $3 warehouse, $4 options, $5 program, $6 user; the starter until a worker
-- begins it: $7 host, $8 pid, $9 its start.  On disk before it ends, whatever the session does else:
-- a number that a crash gave away twice would name the objects of two runs.
INSERT INTO ledger.run (pipeline, mode, warehouse, options, program, requested_by, host, pid, pid_start)
VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $8::int, $9::bigint)
RETURNING id, set_config('synchronous_commit', 'on', true);
