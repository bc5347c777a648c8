UPDATE ledger.run SET mode = $2 WHERE id = $1::bigint;
