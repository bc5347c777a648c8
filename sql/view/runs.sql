-- $1 run, or NULL for all; $2 how many, newest first; $3 warehouse, or NULL for any
SELECT r.id AS run, r.pipeline, r.mode, r.state, r.attempt, r.k, s.rows, b.changed, c.usd,
    to_char(r.created_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at,
    to_char(r.started_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS started_at,
    to_char(r.ended_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS ended_at,
    round(1000 * extract(epoch FROM coalesce(r.ended_at, now.at) - r.started_at))::bigint
        AS duration_ms,
    extract(epoch FROM now.at - r.created_at)::bigint AS age_s,
    nullif(concat_ws('; ', r.note, 'taken back by run ' || t.by_run), '') AS note, r.error_code, r.error, r.hint, r.requested_by, r.host, r.pid, r.pid_start,
    coalesce(l.expires_at > now.at, false) AS leased,
    -- Each beat gives the lease 60 s more.
    to_char(l.expires_at - interval '60 s', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS heartbeat_at,
    r.cancel_requested,
    EXISTS (SELECT 1 FROM run n WHERE n.pipeline = r.pipeline AND n.warehouse = r.warehouse
        AND n.state = 'ok' AND n.mode <> 'undo' AND n.id > r.id) AS covered, t.by_run AS undone_by,
    r.engine, r.program, r.prefix, r.manifest
FROM run r
CROSS JOIN (SELECT coalesce(nullif(current_setting('bikeops.at', true), '')::timestamptz,
        clock_timestamp()) AS at) now
LEFT JOIN lease l ON l.run = r.id
-- What it read from the source or the files, each step in its last attempt.
LEFT JOIN LATERAL (
    SELECT sum(rows)::bigint AS rows FROM (
        SELECT DISTINCT ON (name) rows FROM step
        WHERE run = r.id AND (name LIKE 'extract.%' OR name LIKE 'import%')
        ORDER BY name, attempt DESC) last
) s ON true
LEFT JOIN LATERAL (
    SELECT sum(n)::bigint AS changed FROM book
    WHERE warehouse = r.warehouse AND run = r.id
        AND what IN ('inserted', 'updated', 'deleted', 'absent', 'removed')
) b ON true
LEFT JOIN LATERAL (SELECT round(sum(usd), 6) AS usd FROM cost WHERE run = r.id) c ON true
LEFT JOIN LATERAL (
    SELECT max(id) AS by_run FROM run
    WHERE warehouse = r.warehouse AND mode = 'undo' AND k IS NOT NULL
        AND (options ->> 'undo')::bigint = r.id
) t ON true
WHERE ($1::bigint IS NULL OR r.id = $1::bigint) AND ($3::text IS NULL OR r.warehouse = $3)
ORDER BY r.id DESC
LIMIT $2::bigint;
