-- $1 run
SELECT name AS step, attempt, state, rows, bytes, total,
    to_char(started_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS started_at,
    to_char(ended_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS ended_at,
    round(1000 * seconds)::bigint AS duration_ms,
    round(rows / nullif(seconds, 0))::bigint AS rows_per_s,
    CASE WHEN state = 'running' AND rows > 0 AND total > rows
        THEN round(1000 * seconds * (total - rows) / rows)::bigint END AS left_ms
FROM ledger.step,
    LATERAL (SELECT extract(epoch FROM coalesce(ended_at, clock_timestamp()) - started_at) AS seconds) t
WHERE run = $1::bigint
ORDER BY attempt, ordinal, name;
