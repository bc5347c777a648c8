UPDATE ledger.run SET prefix = $2 WHERE id = $1::bigint;
