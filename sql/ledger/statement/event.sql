INSERT INTO ledger.event (run, level, message) VALUES ($1::bigint, $2, $3);
