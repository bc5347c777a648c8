-- $1 warehouse, $2 the books as a JSON array
INSERT INTO ledger.book (warehouse, k, run, tbl, what, n)
SELECT $1, b.k, b.run, b.tbl, b.what, b.n
FROM jsonb_to_recordset($2::jsonb) AS b(k bigint, run bigint, tbl text, what text, n bigint)
ON CONFLICT DO NOTHING;
