UPDATE ledger.run SET note = $2 WHERE id = $1::bigint;
