-- $1 run, $2 state, $3 error's code, $4 its text, $5 what to do
WITH lease AS (
    DELETE FROM ledger.lease WHERE run = $1::bigint
), event AS (
    INSERT INTO ledger.event (run, level, message)
    SELECT $1::bigint, 'error', $4 WHERE $4::text IS NOT NULL
)
UPDATE ledger.run
SET state = $2, ended_at = clock_timestamp(), error_code = $3, error = $4, hint = $5
WHERE id = $1::bigint;
