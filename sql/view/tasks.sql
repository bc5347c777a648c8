-- $1 run
SELECT name AS task, attempt, state, to_char(started_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS started_at,
    to_char(ended_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS ended_at,
    round(1000 * extract(epoch FROM coalesce(ended_at, now.at) - started_at))::bigint
        AS duration_ms,
    peak_kib, error
FROM task
CROSS JOIN (SELECT coalesce(nullif(current_setting('bikeops.at', true), '')::timestamptz,
        clock_timestamp()) AS at) now
WHERE run = $1::bigint
ORDER BY attempt, ordinal;
