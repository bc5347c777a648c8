-- $1 run, $2 its periods as a JSON array
INSERT INTO ledger.busy (run, began, ended)
SELECT $1::bigint, to_timestamp(b.began_us / 1e6), to_timestamp(b.ended_us / 1e6)
FROM jsonb_to_recordset($2::jsonb) AS b(began_us bigint, ended_us bigint)
ON CONFLICT (run, began) DO UPDATE SET ended = excluded.ended;
