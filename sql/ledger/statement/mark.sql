SELECT left(replace(id::text, '-', ''), 6) AS mark FROM ledger.installation;
