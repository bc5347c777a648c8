-- $1 warehouse, $2 run
SELECT EXISTS (SELECT 1 FROM ledger.book WHERE warehouse = $1 AND run = $2::bigint) AS have;
