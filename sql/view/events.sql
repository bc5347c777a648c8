-- $1 run
SELECT to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at, level, message
FROM event
WHERE run = $1::bigint
ORDER BY id;
