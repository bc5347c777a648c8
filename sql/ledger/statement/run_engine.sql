UPDATE ledger.run SET engine = $2 WHERE id = $1::bigint;
