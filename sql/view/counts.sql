-- $1 warehouse.  source and serving: the newest totals; raw, processed, staging and the books: of
-- the last run that read something and ended, published or not; lost: rows rejected since the last full one.
-- What was taken back counts as never loaded; taken_back: of which run, where nothing was published since.
WITH entity(ordinal, entity, tbl) AS (
    VALUES (1, 'stores', 'stores'), (2, 'customers', 'customers'), (3, 'products', 'products'),
        (4, 'staffs', 'staffs'), (5, 'order_lines', 'sales'), (6, 'dates', 'dates')
), undone AS (
    SELECT id AS by_run, (options ->> 'undo')::bigint AS run
    FROM run WHERE warehouse = $1 AND mode = 'undo' AND k IS NOT NULL
), published AS (
    SELECT id, mode FROM run WHERE warehouse = $1 AND k IS NOT NULL
), last AS (
    SELECT max(l.run) AS run FROM layer l
    JOIN run r ON r.id = l.run AND r.warehouse = $1
    WHERE l.layer = 'raw' AND r.state NOT IN ('queued', 'running')
), layer AS (
    SELECT DISTINCT ON (l.entity, l.layer) l.*
    FROM layer l
    JOIN run r ON r.id = l.run AND r.warehouse = $1
    WHERE l.layer IN ('source', 'serving') OR l.run = (SELECT run FROM last)
    ORDER BY l.entity, l.layer, l.run DESC
), wide AS (
    SELECT entity,
        max(rows) FILTER (WHERE layer = 'source') AS source,
        max(rows) FILTER (WHERE layer = 'raw') AS raw,
        max(rows) FILTER (WHERE layer = 'processed') AS processed,
        max(rows) FILTER (WHERE layer = 'staging') AS staging,
        max(rows) FILTER (WHERE layer = 'serving') AS serving,
        max(run) FILTER (WHERE layer = 'source') AS source_run,
        max(run) FILTER (WHERE layer = 'serving') AS serving_run,
        max(revenue) FILTER (WHERE layer = 'source') AS source_revenue,
        max(revenue) FILTER (WHERE layer = 'serving') AS serving_revenue,
        max(units) FILTER (WHERE layer = 'source') AS source_units,
        max(units) FILTER (WHERE layer = 'serving') AS serving_units
    FROM layer
    GROUP BY entity
), book AS (
    SELECT tbl,
        sum(n) FILTER (WHERE what = 'read' AND last)::bigint AS read,
        sum(n) FILTER (WHERE what = 'staged' AND last)::bigint AS staged,
        sum(n) FILTER (WHERE what = 'superseded' AND last)::bigint AS superseded,
        sum(n) FILTER (WHERE what = 'rejected' AND last)::bigint AS rejected,
        sum(n) FILTER (WHERE what = 'rejected' AND stands)::bigint AS lost
    FROM (SELECT tbl, what, n, run = (SELECT run FROM last) AS last,
            run NOT IN (SELECT run FROM undone) AS stands
        FROM book
        WHERE warehouse = $1
            AND run >= coalesce((SELECT max(id) FROM published
                WHERE mode = 'full' AND id NOT IN (SELECT run FROM undone)), 0)) b
    GROUP BY tbl
)
SELECT entity.entity, source, raw, processed, staging, serving, source_run, serving_run,
    source_revenue, serving_revenue, source_units, serving_units,
    read, staged, superseded, rejected, lost,
    (SELECT run FROM undone WHERE by_run = (SELECT max(id) FROM published)) AS taken_back
FROM entity
LEFT JOIN wide USING (entity)
LEFT JOIN book USING (tbl)
ORDER BY ordinal;
