UPDATE ledger.run SET k = $2::bigint WHERE id = $1::bigint;
