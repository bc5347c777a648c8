-- $1 run: the 30 runs before it, and the last good one that loaded anything, newest first
WITH before AS (
    SELECT b.id, b.state, b.mode, b.k, b.pipeline, b.error
    FROM run r
    JOIN run b ON b.warehouse = r.warehouse AND b.pipeline = r.pipeline AND b.id < r.id
    WHERE r.id = $1::bigint AND b.state <> 'refused'
)
SELECT id AS run, error,
    coalesce(id = (SELECT max(id) FROM before
        WHERE state = 'ok' AND mode <> 'undo' AND (k IS NOT NULL OR pipeline = 'setup')), false)
        AS good
FROM before
WHERE id IN (SELECT id FROM before ORDER BY id DESC LIMIT 30)
    OR id = (SELECT max(id) FROM before
        WHERE state = 'ok' AND mode <> 'undo' AND (k IS NOT NULL OR pipeline = 'setup'))
ORDER BY id DESC;
