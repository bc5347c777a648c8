-- $1 pipeline, $2 mode, $3 warehouse, $4 options, $5 program
INSERT INTO ledger.run (pipeline, mode, warehouse, options, program, requested_by)
VALUES ($1, $2, $3, $4::jsonb, $5, $6)
RETURNING id;
