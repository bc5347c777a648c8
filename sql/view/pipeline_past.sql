-- $1 run: how long its pipeline's last 30 good runs of the same mode took, by task and step
WITH good AS (
    SELECT g.id
    FROM run r
    JOIN run g ON g.warehouse = r.warehouse AND g.pipeline = r.pipeline AND g.mode = r.mode
    WHERE r.id = $1::bigint AND g.id <> r.id AND g.state = 'ok'
        AND (g.k IS NOT NULL OR g.pipeline = 'setup')
    ORDER BY g.id DESC
    LIMIT 30
), took AS (
    SELECT t.name, extract(epoch FROM t.ended_at - t.started_at) AS seconds
    FROM good JOIN task t ON t.run = good.id AND t.state = 'ok'
    UNION ALL
    SELECT s.name, extract(epoch FROM s.ended_at - s.started_at)
    FROM good JOIN step s ON s.run = good.id AND s.state = 'ok' AND s.name LIKE '%.%'
)
SELECT name, count(*) AS runs,
    round(1000 * percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)::numeric)::bigint AS p50_ms,
    round(1000 * percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds)::numeric)::bigint AS p95_ms
FROM took
GROUP BY name;
