-- $1 warehouse: which run gave each layer's numbers, and when
SELECT DISTINCT ON (place) l.layer, l.run,
    to_char(l.at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS counted_at
FROM layer l
JOIN run r ON r.id = l.run AND r.warehouse = $1,
    LATERAL (SELECT array_position('{source,raw,processed,staging,serving}'::text[], l.layer)
        AS place) p
WHERE l.layer IN ('source', 'serving')
    OR l.run = (SELECT max(t.run) FROM layer t JOIN run r ON r.id = t.run
        WHERE r.warehouse = $1 AND t.layer = 'raw' AND r.state NOT IN ('queued', 'running'))
ORDER BY place, l.run DESC, l.at DESC;
