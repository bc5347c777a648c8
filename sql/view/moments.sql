-- $1 warehouse: when something began or ended, newest first; each a full second that includes it
SELECT to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at, string_agg(what, ', ' ORDER BY real) AS what
FROM (
    SELECT date_trunc('second', m.at) + interval '1 s' AS at, m.at AS real, m.what
    FROM (
        SELECT id, created_at, started_at, ended_at, state FROM run
        WHERE warehouse = $1
        ORDER BY id DESC
        LIMIT 100
    ) r, LATERAL (
        SELECT r.created_at AS at, format('run %s was asked for', r.id) AS what
        UNION ALL SELECT r.ended_at, format('run %s ended: %s', r.id, r.state)
        UNION ALL SELECT started_at, format('run %s: %s began', r.id, name) FROM task WHERE run = r.id
    ) m
    WHERE m.at IS NOT NULL
) moments
GROUP BY at
ORDER BY moments.at DESC
