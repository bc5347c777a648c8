-- $1 run, $2 its costs as a JSON array
INSERT INTO ledger.cost (run, service, what, quantity, unit, usd, priced_on)
SELECT $1::bigint, c.service, c.what, c.quantity, c.unit, c.usd, c.priced_on
FROM jsonb_to_recordset($2::jsonb) AS c(service text, what text, quantity numeric, unit text,
    usd numeric, priced_on date)
ON CONFLICT (run, service, what) DO UPDATE
SET quantity = excluded.quantity, usd = excluded.usd, priced_on = excluded.priced_on,
    at = excluded.at;
