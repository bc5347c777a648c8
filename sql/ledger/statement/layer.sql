-- $1 run, $2 layer, $3 the counts as a JSON array
INSERT INTO ledger.layer (run, layer, entity, rows, revenue, units)
SELECT $1::bigint, $2, c.entity, c.rows, c.revenue, c.units
FROM jsonb_to_recordset($3::jsonb) AS c(entity text, rows bigint, revenue numeric, units numeric)
ON CONFLICT (run, entity, layer) DO UPDATE
SET rows = excluded.rows, revenue = excluded.revenue, units = excluded.units, at = excluded.at;
