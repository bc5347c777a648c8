-- $1 pipeline, $2 mode, $3 warehouse, $4 options, $5 program, $6 user; the starter until a worker
-- begins it: $7 host, $8 pid, $9 its start
INSERT INTO ledger.run (pipeline, mode, warehouse, options, program, requested_by, host, pid, pid_start)
VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $8::int, $9::bigint)
RETURNING id;
