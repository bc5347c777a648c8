-- $1 warehouse, $2 pipeline: its newest run, or a newer setup that is at work or went wrong; one
-- that another's lease refused did nothing
SELECT id FROM run
WHERE warehouse = $1 AND state <> 'refused'
    AND (pipeline = $2 OR (pipeline = 'setup' AND state <> 'ok'))
ORDER BY id DESC
LIMIT 1;
