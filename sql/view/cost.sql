-- $1 run, or NULL for all; $2 first day, or NULL
SELECT c.run, r.mode, c.service, c.what, c.quantity, c.unit, c.usd,
    to_char(c.priced_on, 'YYYY-MM-DD') AS priced_on,
    to_char(c.at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at
FROM ledger.cost c
JOIN ledger.run r ON r.id = c.run
WHERE ($1::bigint IS NULL OR c.run = $1::bigint) AND ($2::date IS NULL OR c.at >= $2::date)
ORDER BY c.run DESC, c.service, c.what;
