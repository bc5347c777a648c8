-- $1 run.  What did not go well ended with its task, not with the last word of it.
SELECT s.name AS step, s.attempt, s.state, s.rows, s.bytes, s.total,
    to_char(s.started_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS started_at,
    to_char(e.at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS ended_at,
    round(1000 * seconds)::bigint AS duration_ms,
    round(s.rows / nullif(seconds, 0))::bigint AS rows_per_s,
    CASE WHEN s.state = 'running' AND s.rows > 0 AND s.total > s.rows
        THEN round(1000 * seconds * (s.total - s.rows) / s.rows)::bigint END AS left_ms,
    s.note
FROM step s
CROSS JOIN (SELECT coalesce(nullif(current_setting('bikeops.at', true), '')::timestamptz,
        clock_timestamp()) AS at) now
LEFT JOIN task t ON t.run = s.run AND t.attempt = s.attempt
    AND t.name = split_part(s.name, '.', 1),
    LATERAL (SELECT CASE WHEN s.state = 'failed' THEN coalesce(t.ended_at, s.ended_at)
        ELSE s.ended_at END AS at) e,
    LATERAL (SELECT extract(epoch FROM coalesce(e.at, now.at) - s.started_at) AS seconds) d
WHERE s.run = $1::bigint
ORDER BY s.attempt, s.ordinal, s.name;
