-- $1 warehouse: runs that ended badly since the last good one; that one's successor covers them
SELECT count(*) AS runs, min(id) AS oldest, max(id) AS newest,
    to_char(min(created_at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since_at
FROM run
WHERE warehouse = $1 AND pipeline = 'pipeline' AND state IN ('failed', 'cancelled')
    AND id > coalesce((SELECT max(id) FROM run
        WHERE warehouse = $1 AND pipeline = 'pipeline' AND state = 'ok' AND mode <> 'undo'), 0)
HAVING count(*) > 0;
