UPDATE ledger.run SET manifest = $2 WHERE id = $1::bigint;
