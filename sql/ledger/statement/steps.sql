-- $1 run, $2 attempt, $3 the steps as a JSON array.  One that has ended stays so: the heart's beat may
-- come late.
INSERT INTO ledger.step (run, attempt, name, ordinal, state, rows, bytes, total, note, started_at, ended_at)
SELECT $1::bigint, $2::int, s.name, s.ordinal, s.state, s.rows, s.bytes, s.total, s.note,
    to_timestamp(s.started_us / 1e6), to_timestamp(s.ended_us / 1e6)
FROM jsonb_to_recordset($3::jsonb) AS s(name text, ordinal int, state text, rows bigint, bytes bigint,
    total bigint, note text, started_us bigint, ended_us bigint)
ON CONFLICT (run, name, attempt) DO UPDATE
SET state = excluded.state, rows = excluded.rows, bytes = excluded.bytes, total = excluded.total,
    note = excluded.note, ended_at = excluded.ended_at
WHERE ledger.step.ended_at IS NULL OR excluded.ended_at IS NOT NULL;
